"""The GPU's price columns leave our models, and not yet the database.

The version before reads and writes them until the last of its processes is gone. A later version
drops them.
"""

from django.db import migrations

COLUMNS = (
    "retail_price_usd",
    "retail_price_kind",
    "retail_price_source_name",
    "retail_price_source_url",
    "retail_price_checked_on",
    "retail_price_is_estimate",
    "cloud_price_usd_per_hour",
    "cloud_price_provider",
    "cloud_price_source_name",
    "cloud_price_source_url",
    "cloud_price_checked_on",
    "cloud_price_is_estimate",
)


class Migration(migrations.Migration):

    dependencies = [
        ("gpus", "0006_prices_of_gpus"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.RemoveConstraint("gpu", "gpu_retail_price_has_source_and_date"),
                migrations.RemoveConstraint("gpu", "gpu_cloud_price_has_source_and_date"),
                *(migrations.RemoveField("gpu", name) for name in COLUMNS),
            ]
        )
    ]
