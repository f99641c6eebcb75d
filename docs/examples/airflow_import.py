"""A DAG that imports orders once a day; Airflow only calls the command line.

Retries are safe: the command resumes, and rows that are done are not sent again.  A task that fails
after all retries has rows in FILE.failed.csv or FILE.unprocessed.csv.
"""

from datetime import UTC, datetime, timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG(
    "justclick_orders",
    schedule="@daily",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 5, "retry_delay": timedelta(minutes=5)},
):
    BashOperator(
        task_id="import_orders",
        # Set JUSTCLICK_LOGIN and JUSTCLICK_API_KEY in the environment of the Airflow worker.
        bash_command="justclick import /srv/orders/{{ ds }}.csv --yes --json",
        append_env=True,
    )
