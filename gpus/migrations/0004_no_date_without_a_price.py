
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('gpus', '0003_usable_memory_utilisation_and_platforms'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='gpu',
            name='gpu_retail_price_has_source_and_date',
        ),
        migrations.RemoveConstraint(
            model_name='gpu',
            name='gpu_cloud_price_has_source_and_date',
        ),
        migrations.AddConstraint(
            model_name='gpu',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('retail_price_checked_on__isnull', True), ('retail_price_usd__isnull', True)), models.Q(('retail_price_checked_on__isnull', False), ('retail_price_usd__gt', 0), ('retail_price_usd__isnull', False), models.Q(('retail_price_source_name', ''), _negated=True), models.Q(('retail_price_source_url', ''), _negated=True)), _connector='OR'), name='gpu_retail_price_has_source_and_date', violation_error_message='A retail price is more than 0 and needs its source, link and date; without a price, leave the date out.'),
        ),
        migrations.AddConstraint(
            model_name='gpu',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('cloud_price_checked_on__isnull', True), ('cloud_price_usd_per_hour__isnull', True)), models.Q(('cloud_price_checked_on__isnull', False), ('cloud_price_usd_per_hour__gt', 0), ('cloud_price_usd_per_hour__isnull', False), models.Q(('cloud_price_source_name', ''), _negated=True), models.Q(('cloud_price_source_url', ''), _negated=True)), _connector='OR'), name='gpu_cloud_price_has_source_and_date', violation_error_message='A cloud price is more than 0 and needs its source, link and date; without a price, leave the date out.'),
        ),
    ]
