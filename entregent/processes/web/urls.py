from django.urls import path

from entregent.processes.web import designer, plans, work

app_name = "processes"

urlpatterns = [
    path("plans-d-action/", work.mine, name="work"),
    path("plans-d-action/equipe/", work.team, name="team_work"),
    path("plans-d-action/lots/", work.bulk_create, name="bulk_create"),
    path("plans-d-action/lots/<int:job_id>/", work.bulk_detail, name="bulk"),
    path("plans-d-action/lots/<int:job_id>/arret/", work.bulk_cancel, name="bulk_cancel"),
    path("plans-d-action/dossiers/<int:number>/", plans.case_panel, name="case_panel"),
    path("plans-d-action/dossiers/<int:number>/lancer/", plans.case_launch, name="case_launch"),
    path("plans-d-action/contacts/<int:number>/", plans.interaction_panel, name="interaction_panel"),
    path("plans-d-action/contacts/<int:number>/lancer/", plans.interaction_launch, name="interaction_launch"),
    path("plans-d-action/<int:pk>/", plans.plan, name="plan"),
    path("plans-d-action/<int:pk>/schema/", plans.schema_page, name="schema"),
    path("plans-d-action/<int:pk>/schema.svg", plans.schema_svg, name="schema_svg"),
    path("plans-d-action/<int:pk>/etapes/", plans.add_step, name="add_step"),
    path("plans-d-action/<int:pk>/attendre/", plans.pause, name="pause"),
    path("plans-d-action/<int:pk>/reprendre/", plans.resume, name="resume"),
    path("plans-d-action/<int:pk>/abandonner/", plans.abandon, name="abandon"),
    path("plans-d-action/etapes/<int:pk>/terminer/", plans.complete, name="complete"),
    path("plans-d-action/etapes/<int:pk>/passer/", plans.skip, name="skip"),
    path("plans-d-action/etapes/<int:pk>/prendre/", plans.claim, name="claim"),
    path("plans-d-action/etapes/<int:pk>/reaffecter/", plans.reassign, name="reassign"),
    path("plans-d-action/etapes/<int:pk>/reporter/", plans.postpone, name="postpone"),
    path("plans-d-action/etapes/<int:pk>/commenter/", plans.comment, name="comment"),
    path("plans-d-action/etapes/<int:pk>/reessayer/", plans.retry, name="retry"),
    path("plans-d-action/etapes/<int:pk>/renvoyer/", plans.send_back, name="send_back"),
    path("administration/plans-d-action/", designer.processes, name="processes"),
    path("administration/plans-d-action/nouveau/", designer.create, name="create"),
    path("administration/plans-d-action/importer/", designer.import_yaml, name="import"),
    path("administration/plans-d-action/modeles/", designer.install, name="install"),
    path("administration/plans-d-action/<slug:code>/concevoir/", designer.designer, name="designer"),
    path("administration/plans-d-action/<slug:code>/apercu/", designer.preview, name="preview"),
    path("administration/plans-d-action/<slug:code>/essayer/", designer.trial, name="trial"),
    path("administration/plans-d-action/<slug:code>/publier/", designer.publish, name="publish"),
    path("administration/plans-d-action/<slug:code>/migrer/", designer.migrate, name="migrate"),
    path("administration/plans-d-action/<slug:code>/proposer/", designer.set_offered, name="set_offered"),
    path("administration/plans-d-action/<slug:code>/abandonner/", designer.delete_draft, name="delete_draft"),
    path("administration/plans-d-action/<slug:code>/export.yaml", designer.export_yaml, name="export"),
]
