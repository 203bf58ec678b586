"""Apache Spark as the engine: the same SQL, translated, on any number of machines."""
