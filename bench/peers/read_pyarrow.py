"""read_pyarrow.py TABLE…: seconds that pyarrow's own calls take to read them, the first one in a fresh process."""
import sys, time
import pyarrow.csv, pyarrow.parquet

for path in sys.argv[1:]:
    start = time.perf_counter()
    (pyarrow.csv.read_csv if path.endswith(".csv") else pyarrow.parquet.read_table)(path)
    print(time.perf_counter() - start)
