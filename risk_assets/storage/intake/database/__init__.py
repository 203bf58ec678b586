"""New rows of a database as files in the input folder: none lost, and none that finaldata would hold twice."""
