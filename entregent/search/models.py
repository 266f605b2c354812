from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F


class Kind(models.IntegerChoices):
    """What a search row stands for."""

    CLIENT = 1
    PERSON = 2


class Entry(models.Model):
    """`name_key`: the name in search form, sorting first; `doc`: all words by which it is found, a space around each.

    Without row-level security (stack.md: it would hide the trigram index): every query names the organization and
    joins what it found with `visible_to`.
    """

    organization_id = models.BigIntegerField()
    kind = models.SmallIntegerField(choices=Kind)
    subject_id = models.BigIntegerField()
    name_key = models.TextField()
    doc = models.TextField()

    class Meta:
        db_table = "search_entry"
        constraints = [models.UniqueConstraint(fields=["kind", "subject_id"], name="search_entry_subject")]
        indexes = [
            # Prefix of a name: `name_key ~>=~ … ORDER BY name_key USING ~<~`.
            models.Index(
                F("organization_id"), F("kind"), OpClass(F("name_key"), "text_pattern_ops"), name="search_entry_name"
            ),
            # Any fragment of any word: `doc LIKE '%…%'`.
            GinIndex(
                F("organization_id"), F("kind"), OpClass(F("doc"), "gin_trgm_ops"), name="search_entry_doc"
            ),
        ]

    def __str__(self):
        return self.name_key


class Word(models.Model):
    """The distinct words of names in an organization, from which typing errors are corrected."""

    organization_id = models.BigIntegerField()
    word = models.TextField()

    class Meta:
        db_table = "search_word"
        constraints = [models.UniqueConstraint(fields=["organization_id", "word"], name="search_word_once")]
        indexes = [GinIndex(F("organization_id"), OpClass(F("word"), "gin_trgm_ops"), name="search_word_likeness")]

    def __str__(self):
        return self.word
