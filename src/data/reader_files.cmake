set(reader_sources
  column_builder.cc csv_blocks.cc csv_header.cc csv_quotes.cc csv_reader.cc dictionary.cc parquet_reader.cc
  parquet_values.cc parquet_writer.cc reader.cc source_file.cc types.cc value_parser.cc)
set(reader_tests csv_reader_test.cc parquet_test.cc reader_test.cc types_test.cc value_parser_test.cc)
