"""The rules of schema.json in pandera on polars' lazy frames, read as its documentation advises."""
import datetime
import sys

import pandera.polars as pa
import polars as pl

file = sys.argv[1]
within = pa.Check.in_range
schema = pa.DataFrameSchema(
    {
        "id": pa.Column(pl.Int64, unique=True, nullable=False),
        "path": pa.Column(str, [pa.Check.str_matches(r"^[a-z0-9/.-]+$"), pa.Check.str_length(max_value=100)]),
        "species": pa.Column(str, pa.Check.isin(["daisy", "rose", "tulip", "sunflower", "dandelion"])),
        "width": pa.Column(int, within(64, 10000)),
        "height": pa.Column(int, within(64, 10000)),
        "score": pa.Column(float, within(0, 1)),
        "latitude": pa.Column(float, within(-90, 90)),
        "taken_at": pa.Column(pl.Datetime("us"), pa.Check.ge(datetime.datetime(2020, 1, 1))),
        "indoor": pa.Column(bool),
        "camera": pa.Column(str, nullable=True),
    }
)
if file.endswith(".csv"):
    frame = pl.read_csv(file, schema_overrides={"width": pl.Int64, "height": pl.Int64})
    parsed = pl.col("taken_at").str.to_datetime("%Y-%m-%dT%H:%M:%SZ", time_unit="us")
    frame = frame.with_columns(parsed)
else:
    frame = pl.read_parquet(file).with_columns(pl.col("width", "height").cast(pl.Int64))
schema.validate(frame)
assert frame["camera"].null_count() <= 0.2 * frame.height
assert frame.height >= 1000
print(frame.height)
