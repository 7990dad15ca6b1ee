"""Which functions a query may call."""

from typing import Final


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


MAKE_ROWS: Final = _words("""
    generate_series generate_subscripts range unnest json_each json_tree json_each_text jsonb_each jsonb_each_text
    json_array_elements json_array_elements_text jsonb_array_elements jsonb_array_elements_text json_object_keys
    jsonb_object_keys json_populate_recordset jsonb_to_recordset json_to_recordset jsonb_to_record json_to_record
    regexp_split_to_table regexp_matches string_to_table
""")
"""Functions that may stand in FROM: they make rows from values, never from files, addresses or catalogues."""

BARRED: Final = _words("""
    getenv getvariable current_setting set_config load_extension readfile writefile edit fts3_tokenizer nextval setval
    query_to_xml query_to_xml_and_xmlschema table_to_xml cursor_to_xml database_to_xml schema_to_xml pg_notify
    pg_reload_conf pg_rotate_logfile pg_terminate_backend pg_cancel_backend pg_promote pg_stat_file pg_switch_wal
    pg_create_restore_point pg_export_snapshot query query_table which_secret duckdb_secrets parse_duckdb_log_message
    enable_logging
""")
BARRED_STARTS: Final = (
    "pg_read_",
    "pg_ls_",
    "pg_advisory",
    "pg_try_advisory",
    "pg_logical_",
    "lo_",
    "dblink",
    "read_",
)
