"""Prices become rows of their own. The GPU's own columns stay for the code of before."""

import django.core.validators
import django.db.models.deletion
from decimal import Decimal
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("gpus", "0004_no_date_without_a_price"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        # The newer code leaves these columns out when it adds a GPU.
        *(migrations.AlterField(model_name="gpu", name=name, field=field) for name, field in (
            ("retail_price_kind", models.CharField(blank=True, db_default="", default="", max_length=40)),
            ("retail_price_source_name", models.CharField(blank=True, db_default="", default="", max_length=120)),
            ("retail_price_source_url", models.URLField("retail price link", blank=True, db_default="", default="", max_length=500)),
            ("retail_price_is_estimate", models.BooleanField(db_default=False, default=False)),
            ("cloud_price_provider", models.CharField(blank=True, db_default="", default="", max_length=60)),
            ("cloud_price_source_name", models.CharField(blank=True, db_default="", default="", max_length=120)),
            ("cloud_price_source_url", models.URLField("cloud price link", blank=True, db_default="", default="", max_length=500)),
            ("cloud_price_is_estimate", models.BooleanField(db_default=False, default=False)),
        )),
        migrations.CreateModel(
            name='PriceObservation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('rent_on_demand', 'rent: on demand'), ('rent_marketplace', 'rent: marketplace, lowest offer'), ('rent_spot', 'rent: spot'), ('buy_street', 'buy: street price'), ('buy_new', 'buy: list price of a new one'), ('buy_launch', 'buy: launch price')], max_length=16)),
                ('provider', models.CharField(blank=True, help_text='Who rents it out, or sells it: RunPod. Empty for a price of no one shop.', max_length=50)),
                ('usd', models.DecimalField(decimal_places=4, help_text='For one GPU: per hour to rent, without tax to buy.', max_digits=12, validators=[django.core.validators.MinValueValidator(Decimal('0.0001'))], verbose_name='USD')),
                ('source_name', models.CharField(help_text='Where it was seen, as visitors read it.', max_length=120, verbose_name='source')),
                ('source_url', models.URLField(help_text='The page where one can check it.', max_length=500, verbose_name='link')),
                ('checked_on', models.DateField(help_text='The day on which somebody looked.', verbose_name='seen on')),
                ('is_estimate', models.BooleanField(default=False, verbose_name='estimate')),
                ('note', models.CharField(blank=True, help_text='For editors alone.', max_length=200)),
                ('published', models.BooleanField(default=True, help_text='Off: withdrawn, and shown nowhere.')),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('editor', models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('gpu', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='prices', to='gpus.gpu', verbose_name='GPU')),
            ],
            options={
                'verbose_name': 'price',
                'ordering': ('gpu', 'kind', 'provider', '-checked_on'),
                'constraints': [models.UniqueConstraint(fields=('gpu', 'kind', 'provider', 'checked_on'), name='price_is_one_a_day', violation_error_message='This GPU has a price of this kind and provider for that day already. Correct that one.'), models.CheckConstraint(condition=models.Q(('usd__gt', 0)), name='price_is_above_0'), models.CheckConstraint(condition=models.Q(models.Q(('source_name', ''), _negated=True), models.Q(('source_url', ''), _negated=True)), name='price_has_its_source', violation_error_message='A price needs its source and its link.'), models.CheckConstraint(condition=models.Q(models.Q(('kind__in', ('rent_on_demand', 'rent_marketplace', 'rent_spot')), _negated=True), models.Q(('provider', ''), _negated=True), _connector='OR'), name='price_of_an_hour_has_its_provider', violation_error_message='Say who rents it out.')],
            },
        ),
    ]
