from django.db import migrations, models

TOPICS = [
    ("basics", "How much memory"),
    ("cards", "Which card, and what it holds"),
    ("settings", "What each setting costs"),
    ("several", "Several GPUs"),
    ("methods", "Methods, models and tools"),
    ("trouble", "When it does not fit"),
]
FRONT_PAGE_HELP = "Whether it stands below the calculator too: keep it to five or six."
ANSWER_HELP = (
    "Figures are placeholders, computed when the page is shown: {memory:qlora:7}, "
    "{minimum:qlora:7}, {bytes:lora}, {part:full:weights}, "
    "{ratio:full:inference-16bit}, {tier:24}; of one run "
    "{precise:llama-3-1-8b:qlora:sequence_length=4096}, {largest:rtx-4090:qlora}, "
    "{price:rtx-4090} and others (docs/data.md). The first sentence answers; claims end "
    "in a line “Sources:” with links and dates."
)


class Migration(migrations.Migration):

    dependencies = [
        ("calculator", "0005_former_faq_slugs"),
    ]

    operations = [
        migrations.AlterField(
            model_name="faqentry",
            name="answer",
            field=models.TextField(help_text=ANSWER_HELP, verbose_name="answer (Markdown)"),
        ),
        migrations.AddField(
            model_name="faqentry",
            name="topic",
            field=models.CharField(choices=TOPICS, db_default="basics", default="basics", max_length=20),
        ),
        # Answers that are there stood below the calculator, and stay.
        migrations.AddField(
            model_name="faqentry",
            name="on_front_page",
            field=models.BooleanField(db_default=True, default=True, help_text=FRONT_PAGE_HELP),
        ),
        migrations.AlterField(
            model_name="faqentry",
            name="on_front_page",
            field=models.BooleanField(db_default=False, default=False, help_text=FRONT_PAGE_HELP),
        ),
    ]
