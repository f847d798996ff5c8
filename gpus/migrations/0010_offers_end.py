"""An offer that is gone says so itself, and what was seen of it stays."""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('gpus', '0009_looks'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='historicalpriceobservation',
            name='ended_on',
            field=models.DateField(blank=True, help_text='Empty while it is offered. A later price of this kind and provider is one again.', null=True, verbose_name='no longer offered since'),
        ),
        migrations.AddField(
            model_name='priceobservation',
            name='ended_on',
            field=models.DateField(blank=True, help_text='Empty while it is offered. A later price of this kind and provider is one again.', null=True, verbose_name='no longer offered since'),
        ),
        migrations.AddConstraint(
            model_name='priceobservation',
            constraint=models.CheckConstraint(condition=models.Q(('ended_on__isnull', True), ('ended_on__gte', models.F('checked_on')), _connector='OR'), name='price_ends_once_it_was_seen', violation_error_message='It was seen after that day.'),
        ),
    ]
