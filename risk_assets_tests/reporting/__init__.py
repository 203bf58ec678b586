"""Tests of the charts and the PDF."""
