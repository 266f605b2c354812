from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F, Q


class Kind(models.IntegerChoices):
    """What a search row stands for."""

    CLIENT = 1
    PERSON = 2


def _by_fragment(kind: Kind, name: str) -> GinIndex:
    """Any fragment of any word: `doc LIKE '%…%'`. The organization is in the index, else a small one pays for a large
    one; and the marks, else a member of one department waits for the rows of all; one index for each kind, since a
    kind in the index would be one more list as long as the table."""
    return GinIndex(
        F("organization_id"), OpClass(F("doc"), "gin_trgm_ops"), F("marks"), name=name, condition=Q(kind=kind.value)
    )


class Entry(models.Model):
    """One thing that can be found.

    `name_key`: the name in search form, sorting first; `number_key`: its number in lower case without separators;
    `doc`: all words by which it is found, a space around each. `marks`: what a grant must name for the row to be in
    reach: a sector's id, a client's id made negative, 0 for whatever the whole organization sees.

    Without row-level security (stack.md: it would hide the trigram index): every query names the organization, filters
    by the marks and shows what it found through `visible_to`.
    """

    organization_id = models.BigIntegerField()
    kind = models.SmallIntegerField(choices=Kind)
    subject_id = models.BigIntegerField()
    name_key = models.TextField()
    number_key = models.TextField(default="", db_default="")
    doc = models.TextField()
    marks = ArrayField(models.BigIntegerField(), default=list, db_default=models.Value("{}"))

    class Meta:
        db_table = "search_entry"
        constraints = [models.UniqueConstraint(fields=["kind", "subject_id"], name="search_entry_subject")]
        indexes = [
            # Prefix of a name: `name_key LIKE 'dup%' ORDER BY name_key USING ~<~`. With all that this asks of a row,
            # the marks too: among the names that begin with two letters, few are of one department.
            models.Index(
                fields=["organization_id", "kind", "name_key"], opclasses=["int8_ops", "int2_ops", "text_pattern_ops"],
                include=["subject_id", "marks"], name="search_entry_name",
            ),
            # A number, whole or by its beginning.
            models.Index(
                F("organization_id"), F("kind"), OpClass(F("number_key"), "text_pattern_ops"),
                name="search_entry_number", condition=~Q(number_key=""),
            ),
            # People tied to no client, whom every member sees: few, and asked for by lists.
            models.Index(
                fields=["organization_id", "subject_id"], name="search_entry_person_alone",
                condition=Q(kind=Kind.PERSON.value, marks__contains=[0]),
            ),
            _by_fragment(Kind.CLIENT, "search_entry_client_doc"),
            _by_fragment(Kind.PERSON, "search_entry_person_doc"),
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
        indexes = [
            # One error leaves the first half of a word whole, or the second.
            models.Index(F("organization_id"), OpClass(F("word"), "text_pattern_ops"), name="search_word_start"),
            models.Index(
                F("organization_id"), OpClass(models.functions.Reverse("word"), "text_pattern_ops"),
                name="search_word_end",
            ),
            # Two errors in a long word.
            GinIndex(F("organization_id"), OpClass(F("word"), "gin_trgm_ops"), name="search_word_likeness"),
        ]

    def __str__(self):
        return self.word
