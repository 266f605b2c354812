from django.db import migrations

from entregent.access.migration_operations import journal, wall

_CLIENT = "(SELECT i.client_id FROM interactions_interaction i WHERE i.id = r.interaction_id)"


class Migration(migrations.Migration):
    dependencies = [("interactions", "0001_initial"), ("clients", "0002_walls_and_triggers")]
    operations = [
        wall("interactions_topic"),
        wall("interactions_interaction"),
        wall("interactions_interactionentry"),
        wall("interactions_interactionparticipant"),
        wall("interactions_interactionagent"),
        wall("interactions_interactionobject"),
        journal("interactions_topic"),
        journal("interactions_interaction", client="r.client_id"),
        journal("interactions_interactionentry", client=_CLIENT),
        journal("interactions_interactionparticipant", client=_CLIENT),
        journal("interactions_interactionagent", client=_CLIENT),
        journal("interactions_interactionobject", client=_CLIENT),
    ]
