"""The rules of schema.json in Great Expectations on pandas."""
import sys

import great_expectations as gx
import pandas as pd

file = sys.argv[1]
frame = pd.read_csv(file, parse_dates=["taken_at"]) if file.endswith(".csv") else pd.read_parquet(file)
frame["taken_at"] = frame["taken_at"].dt.tz_localize(None)
context = gx.get_context(mode="ephemeral")
context.variables.progress_bars = {"globally": False}
source = context.data_sources.add_pandas("pandas").add_dataframe_asset("table")
batch = source.add_batch_definition_whole_dataframe("batch").get_batch({"dataframe": frame})
e = gx.expectations
suite = gx.ExpectationSuite(
    name="rules",
    expectations=[
        e.ExpectColumnValuesToNotBeNull(column="id"),
        e.ExpectColumnValuesToBeUnique(column="id"),
        e.ExpectColumnValuesToMatchRegex(column="path", regex=r"^[a-z0-9/.-]+$"),
        e.ExpectColumnValueLengthsToBeBetween(column="path", max_value=100),
        e.ExpectColumnValuesToBeInSet(
            column="species", value_set=["daisy", "rose", "tulip", "sunflower", "dandelion"]
        ),
        e.ExpectColumnValuesToBeBetween(column="width", min_value=64, max_value=10000),
        e.ExpectColumnValuesToBeBetween(column="height", min_value=64, max_value=10000),
        e.ExpectColumnValuesToBeBetween(column="score", min_value=0, max_value=1),
        e.ExpectColumnValuesToBeBetween(column="latitude", min_value=-90, max_value=90),
        e.ExpectColumnValuesToBeBetween(column="taken_at", min_value=pd.Timestamp("2020-01-01")),
        e.ExpectColumnValuesToNotBeNull(column="camera", mostly=0.8),
        e.ExpectTableRowCountToBeBetween(min_value=1000),
    ],
)
result = batch.validate(suite, result_format="BOOLEAN_ONLY")
assert result.success, result
print(len(frame))
