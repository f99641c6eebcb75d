"""A DAG that imports orders once a day; Airflow only calls the command line.

The command goes on where it was when Airflow tries it again, so retries are safe: what is done is
not sent again.  A task that still fails after all of them has rows in FILE.failed.csv or
FILE.unprocessed.csv that somebody has to look at.
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
        # JUSTCLICK_LOGIN and JUSTCLICK_API_KEY are in the environment of the Airflow worker.
        bash_command="justclick import /srv/orders/{{ ds }}.csv --yes --json",
        append_env=True,
    )
