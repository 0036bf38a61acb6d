"""Statements to people: tables, plots, the report and MLflow."""
