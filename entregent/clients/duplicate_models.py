"""What the search for duplicates and the merging of clients keep. Part of `models`, where Django finds it."""

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from entregent.access.rights import Right
from entregent.access.scope import ScopedQuerySet
from entregent.organizations.models import Organization, User


class DuplicateRules(models.Model):
    """What counts how much when two clients are compared, set by an administrator; without a row the defaults hold.

    `weights` maps the codes of `duplicates.rules.CRITERIA` to points. From `threshold` points on two clients are
    proposed as duplicates by the scan and by an import; from `hint_threshold` on whoever types is told.
    """

    organization = models.OneToOneField(Organization, models.CASCADE, related_name="duplicate_rules")
    weights = models.JSONField(default=dict)
    threshold = models.IntegerField(_("seuil"), default=70)
    hint_threshold = models.IntegerField(_("seuil à la saisie"), default=35)
    version = models.IntegerField(default=1)

    def __str__(self):
        return f"{self.organization_id}: {self.threshold}"


class DuplicateProfile(models.Model):
    """What a client is compared by, kept by triggers with the search index (`duplicates.sql`).

    `name` holds the words of the name in alphabetical order, `sound` how they sound in French. `keys` are the values
    of the client itself, `people_keys` the phones and e-mails of its people, each with a letter for its kind: p:
    phone, e: e-mail, i: identifier, a: address, b: birth date, s: sound, n: sound and birth date.
    """

    client_id = models.BigIntegerField(primary_key=True)
    organization_id = models.BigIntegerField()
    name = models.TextField()
    sound = models.TextField()
    keys = ArrayField(models.TextField(), default=list)
    people_keys = ArrayField(models.TextField(), default=list)

    class Meta:
        indexes = [
            # What shares a value: asked by functions that run as the owner (a policy would hide these indexes).
            # Without a list of what is to be sorted in later: an import asks again and again while it writes, and
            # each time would read that list from end to end.
            GinIndex(fields=["keys"], name="duplicate_profile_keys", fastupdate=False),
            GinIndex(fields=["people_keys"], name="duplicate_profile_people", fastupdate=False),
            # The scan, client after client.
            models.Index(fields=["organization_id", "client_id"], name="duplicate_profile_scan"),
        ]

    def __str__(self):
        return f"{self.client_id}: {self.name}"


class DuplicatePairQuerySet(ScopedQuerySet):
    """A pair is seen by whoever sees both clients."""

    def visible_to(self, member, right=Right.CLIENT_VIEW):
        records = self.filter(organization_id=member.organization_id)
        # By the field: the models import this module.
        client: Any = self.model._meta.get_field("first").related_model
        clients = client.objects.visible_to(member, right).listed()
        seen = [models.Exists(clients.filter(pk=models.OuterRef(side))) for side in ("first_id", "second_id")]
        return records.filter(*seen)


class DuplicatePair(models.Model):
    """Two clients that the rules take for one, `first` being the older. Found by the scan, found again at any time."""

    organization = models.ForeignKey(Organization, models.CASCADE)
    # Without a constraint: pairs go with their clients by a trigger, whatever path the deletion took.
    first = models.ForeignKey("clients.Client", models.CASCADE, related_name="+", db_constraint=False)
    second = models.ForeignKey("clients.Client", models.CASCADE, related_name="+", db_constraint=False)
    score = models.IntegerField()
    reasons = ArrayField(models.CharField(max_length=30), default=list)
    found_at = models.DateTimeField(db_default=Now())

    objects = DuplicatePairQuerySet.as_manager()

    class Meta:
        ordering = ["-score", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["first", "second"], name="duplicate_pair_once"),
            models.CheckConstraint(condition=Q(first__lt=F("second")), name="duplicate_pair_in_order"),
        ]
        indexes = [
            # The list of pairs, the most alike first, keyset paging.
            models.Index("organization", F("score").desc(), F("id").desc(), name="duplicate_pair_by_score"),
        ]

    def __str__(self):
        return f"{self.first_id} ~ {self.second_id}: {self.score}"


class NotDuplicate(models.Model):
    """« Pas un doublon »: somebody said that these two are not one; they are never proposed again."""

    organization = models.ForeignKey(Organization, models.CASCADE)
    first = models.ForeignKey("clients.Client", models.CASCADE, related_name="+")
    second = models.ForeignKey("clients.Client", models.CASCADE, related_name="+")
    said_at = models.DateTimeField(db_default=Now())
    said_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["first", "second"], name="not_duplicate_once"),
            models.CheckConstraint(condition=Q(first__lt=F("second")), name="not_duplicate_in_order"),
        ]

    def __str__(self):
        return f"{self.first_id} ≠ {self.second_id}"


class ClientAlias(models.Model):
    """A number by which a client is found besides its own: that of a client merged into it."""

    organization = models.ForeignKey(Organization, models.CASCADE)
    number = models.CharField(_("ancien numéro"), max_length=40)
    client = models.ForeignKey("clients.Client", models.CASCADE, related_name="aliases")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organization", "number"], name="client_alias_once")]

    def __str__(self):
        return self.number


class MergeQuerySet(ScopedQuerySet):
    """A merge is seen by whoever sees the client that remained."""

    path_to_client = "winner__"

    def visible_to(self, member, right=Right.CLIENT_VIEW):
        return super().visible_to(member, right).filter(winner__deleted_at__isnull=True)


class Merging(models.Model):
    """`loser` became part of `winner`. With its rows (in `rows_table`) it holds all that it takes to undo it.

    `fields` maps each field of the winner that the merge changed to {"before", "after"}; `loser_before` the columns of
    the loser that it changed; `last_ids` the highest row of each table at that time: what is above came since.
    """

    rows_table = ""
    winner_id: int
    loser_id: int

    organization = models.ForeignKey(Organization, models.CASCADE)
    merged_at = models.DateTimeField(db_default=Now())
    merged_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    action_id = models.BigIntegerField(null=True)
    fields = models.JSONField(default=dict)
    loser_before = models.JSONField(default=dict)
    last_ids = models.JSONField(default=dict)
    undone_at = models.DateTimeField(null=True)
    undone_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    undo_action_id = models.BigIntegerField(null=True)

    class Meta:
        abstract = True

    def __str__(self):
        return f"{self.loser_id} → {self.winner_id}"


class Merge(Merging):
    """A merge of two clients."""

    rows_table = "clients_mergedrow"

    winner = models.ForeignKey("clients.Client", models.PROTECT, related_name="merges")
    loser = models.ForeignKey("clients.Client", models.PROTECT, related_name="merges_lost")

    objects = MergeQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            # A client is part of one other at most.
            models.UniqueConstraint(fields=["loser"], condition=Q(undone_at__isnull=True), name="merged_once")
        ]
        indexes = [models.Index("organization", F("id").desc(), name="merge_of_organization")]


class PersonMergeQuerySet(ScopedQuerySet):
    """A merge is seen by whoever sees the person that remained."""

    def visible_to(self, member, right=Right.CLIENT_VIEW):
        records = self.filter(organization_id=member.organization_id)
        people: Any = self.model._meta.get_field("winner").related_model
        seen = people.objects.visible_to(member, right, among_few=True).filter(pk=models.OuterRef("winner_id"))
        return records.filter(models.Exists(seen))


class PersonMerge(Merging):
    """A merge of two people."""

    rows_table = "clients_personmergedrow"

    winner = models.ForeignKey("clients.Person", models.PROTECT, related_name="merges")
    loser = models.ForeignKey("clients.Person", models.PROTECT, related_name="merges_lost")

    objects = PersonMergeQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["loser"], condition=Q(undone_at__isnull=True), name="person_merged_once")
        ]
        indexes = [models.Index("organization", F("id").desc(), name="person_merge_of_organization")]


class RowOfMerge(models.Model):
    """A row that a merge moved or changed, as it was before and after; `table_name` and `row_id` say which
    (`table_name`: the key of the mover)."""

    merge_id: int

    organization = models.ForeignKey(Organization, models.CASCADE)
    table_name = models.CharField(max_length=63)
    row_id = models.BigIntegerField()
    # False: a row of the winner that gave way (« principale »); it stays with the winner.
    is_moved = models.BooleanField(default=True)
    before = models.JSONField()
    after = models.JSONField()
    # Of what hangs on the row: entries of an interaction.
    digest = models.CharField(max_length=32, blank=True, default="")

    class Meta:
        abstract = True

    def __str__(self):
        return f"{self.table_name} {self.row_id}"


class MergedRow(RowOfMerge):
    """A row that a merge of clients moved or changed."""

    merge = models.ForeignKey(Merge, models.CASCADE, related_name="rows")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["merge", "table_name", "row_id"], name="merged_row_once")]


class PersonMergedRow(RowOfMerge):
    """A row that a merge of people moved, changed or took away (`after` empty: a second tie to the same client)."""

    merge = models.ForeignKey(PersonMerge, models.CASCADE, related_name="rows")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["merge", "table_name", "row_id"], name="person_row_once")]


class PersonProfile(models.Model):
    """What a person is compared by, as `DuplicateProfile` of a client; written anew by each scan."""

    person_id = models.BigIntegerField(primary_key=True)
    organization_id = models.BigIntegerField()
    name = models.TextField()
    sound = models.TextField()
    keys = ArrayField(models.TextField(), default=list)

    class Meta:
        indexes = [models.Index(fields=["organization_id", "person_id"], name="person_profile_scan")]

    def __str__(self):
        return f"{self.person_id}: {self.name}"


class PersonPairQuerySet(ScopedQuerySet):
    """A pair is seen by whoever sees both people."""

    def visible_to(self, member, right=Right.CLIENT_VIEW):
        records = self.filter(organization_id=member.organization_id)
        people: Any = self.model._meta.get_field("first").related_model
        seen = people.objects.visible_to(member, right, among_few=True)
        return records.filter(
            *[models.Exists(seen.filter(pk=models.OuterRef(side))) for side in ("first_id", "second_id")]
        )


class PersonPair(models.Model):
    """Two people that the rules take for one, `first` being the older. Found by the scan of people."""

    organization = models.ForeignKey(Organization, models.CASCADE)
    # Without a constraint: an import that is taken back deletes people by SQL; a pair without one of them is not seen.
    first = models.ForeignKey("clients.Person", models.CASCADE, related_name="+", db_constraint=False)
    second = models.ForeignKey("clients.Person", models.CASCADE, related_name="+", db_constraint=False)
    score = models.IntegerField()
    reasons = ArrayField(models.CharField(max_length=30), default=list)
    found_at = models.DateTimeField(db_default=Now())

    objects = PersonPairQuerySet.as_manager()

    class Meta:
        ordering = ["-score", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["first", "second"], name="person_pair_once"),
            models.CheckConstraint(condition=Q(first__lt=F("second")), name="person_pair_in_order"),
        ]
        indexes = [models.Index("organization", F("score").desc(), F("id").desc(), name="person_pair_by_score")]

    def __str__(self):
        return f"{self.first_id} ~ {self.second_id}: {self.score}"


class NotSamePerson(models.Model):
    """« Pas un doublon »: somebody said that these are two people; they are never proposed again."""

    organization = models.ForeignKey(Organization, models.CASCADE)
    # Without a constraint, as pairs.
    first = models.ForeignKey("clients.Person", models.CASCADE, related_name="+", db_constraint=False)
    second = models.ForeignKey("clients.Person", models.CASCADE, related_name="+", db_constraint=False)
    said_at = models.DateTimeField(db_default=Now())
    said_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["first", "second"], name="not_same_person_once"),
            models.CheckConstraint(condition=Q(first__lt=F("second")), name="not_same_person_in_order"),
        ]

    def __str__(self):
        return f"{self.first_id} ≠ {self.second_id}"
