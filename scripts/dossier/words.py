"""What the dossier says of itself, in French and in English; the pages' own words are not here."""

from collections.abc import Mapping

Text = Mapping[str, str]
LANGUAGES: dict[str, Text] = {
    "fr": {"fr": "Français", "en": "French"},
    "en": {"fr": "Anglais", "en": "English"},
}
PARTS: dict[str, Text] = {
    "before": {"fr": "Avant les questions", "en": "Before the questions"},
    "qlq-c30": {"fr": "Questionnaire QLQ-C30", "en": "QLQ-C30 questionnaire"},
    "symptoms": {"fr": "Liste des symptômes", "en": "List of symptoms"},
    "states": {"fr": "En répondant", "en": "While answering"},
    "sending": {"fr": "Relecture et envoi", "en": "Review and sending"},
    "ward": {"fr": "Sur la tablette du service", "en": "On the ward’s tablet"},
    "personal": {"fr": "Lien personnel", "en": "Personal link"},
    "report": {"fr": "Signalement entre deux visites", "en": "Report between visits"},
}
STATES: dict[str, Text] = {
    "welcome": {"fr": "Accueil", "en": "Welcome"},
    "welcome-code": {"fr": "Accueil, code de la carte", "en": "Welcome, code of the card"},
    "welcome-again": {"fr": "Accueil, réponses déjà données", "en": "Welcome, answers already given"},
    "display": {"fr": "Choix de l’affichage", "en": "Choice of the display"},
    "display-chosen": {
        "fr": "Texte très grand, contraste fort, couleurs sombres",
        "en": "Very large text, strong contrast, dark colours",
    },
    "not-yet": {"fr": "Lien pas encore ouvert", "en": "Link not open yet"},
    "expired": {"fr": "Lien expiré", "en": "Expired link"},
    "unknown": {"fr": "Lien inconnu", "en": "Unknown link"},
    "wording-broken": {"fr": "Libellés altérés : aucune question", "en": "Altered wording: no question"},
    "signed-out": {"fr": "Session terminée", "en": "Session ended"},
    "no-network": {"fr": "Pas de réseau, rien sur le téléphone", "en": "No network, nothing on the phone"},
    "answered": {"fr": "Réponse choisie et enregistrée", "en": "Answer chosen and saved"},
    "ask": {"fr": "Continuer sans réponse : passer la question ?", "en": "Continue without an answer: skip?"},
    "passed": {"fr": "Question passée, revue", "en": "Skipped question, seen again"},
    "error": {"fr": "Réponse refusée", "en": "Refused answer"},
    "free-text": {"fr": "Texte libre rempli", "en": "Free text filled in"},
    "text-error": {"fr": "Texte libre trop long, refusé", "en": "Free text too long, refused"},
    "offline": {"fr": "Sans réseau : réponse gardée", "en": "No network: answer kept"},
    "held": {
        "fr": "Sans réseau : réponse déjà à l’hôpital",
        "en": "No network: answer already at the hospital",
    },
    "unsaved": {"fr": "Sans réseau ni mémoire", "en": "Neither network nor memory"},
    "again": {"fr": "Session terminée en répondant", "en": "Session ended while answering"},
    "ended": {"fr": "Lien annulé en répondant", "en": "Link revoked while answering"},
    "review-open": {"fr": "Relecture, questions sans réponse", "en": "Review, questions without an answer"},
    "review": {"fr": "Relecture, prête à l’envoi", "en": "Review, ready to send"},
    "sending-offline": {"fr": "Envoi sans réseau", "en": "Sending without a network"},
    "sent": {"fr": "Merci", "en": "Thank you"},
    "already-sent": {"fr": "Lien rouvert après l’envoi", "en": "Link opened again after sending"},
    "ward": {"fr": "Tablette remise : code et visite", "en": "Tablet handed over: code and visit"},
    "ward-stop": {"fr": "S’arrêter ?", "en": "Stop?"},
    "ward-back": {"fr": "Tablette à rendre", "en": "Tablet to hand back"},
    "personal": {"fr": "Lien personnel : code", "en": "Personal link: code"},
    "personal-short": {"fr": "Code incomplet", "en": "Incomplete code"},
    "personal-refused": {"fr": "Code refusé", "en": "Refused code"},
    "personal-locked": {"fr": "Lien bloqué un moment", "en": "Link locked for a while"},
    "personal-locked-for-good": {"fr": "Lien bloqué pour de bon", "en": "Link locked for good"},
    "date-error": {"fr": "Date refusée", "en": "Refused date"},
    "report-review": {"fr": "Relecture du signalement", "en": "Review of the report"},
    "report-sent": {"fr": "Signalement envoyé", "en": "Report sent"},
    "report-over": {"fr": "Signalement commencé, délai passé", "en": "Report begun, its days over"},
}
KINDS: dict[str, Text] = {
    "frequency": {"fr": "fréquence", "en": "frequency"},
    "severity": {"fr": "intensité", "en": "severity"},
    "interference": {"fr": "gêne", "en": "interference"},
    "amount": {"fr": "quantité", "en": "amount"},
    "presence": {"fr": "présence", "en": "presence"},
    "text": {"fr": "texte libre", "en": "free text"},
    "choice": {"fr": "choix", "en": "choice"},
    "date": {"fr": "date", "en": "date"},
}
SHEET: dict[str, Text] = {
    "title": {"fr": "Dossier des écrans destinés aux patients", "en": "Dossier of the patients’ screens"},
    "version": {"fr": "Version du logiciel", "en": "Software version"},
    "definition": {"fr": "Définition de l’étude", "en": "Study definition"},
    "date": {"fr": "Date", "en": "Date"},
    "widths": {"fr": "Largeurs d’écran", "en": "Screen widths"},
    "wording": {"fr": "Libellés montrés", "en": "Wording shown"},
    "stand-in": {
        "fr": "provisoires, propres à ce logiciel : aucun texte sous licence",
        "en": "stand-in of this software’s own: no licensed text",
    },
    "note": {
        "fr": "Libellés provisoires, propres à ce logiciel : aucun texte sous licence",
        "en": "Stand-in wording of this software’s own: no licensed text",
    },
    "approved": {"fr": "approuvés", "en": "approved"},
    "contents": {"fr": "Contenu", "en": "Contents"},
    "continued": {"fr": "suite", "en": "continued"},
    "scale": {
        "fr": "Les quatre largeurs sont à la même échelle ; un écran long se poursuit à la page suivante.",
        "en": "The four widths are at one scale; a long screen goes on on the next page.",
    },
}


def code_name(code: str) -> Text:
    """The name of a questionnaire; an instrument that has none here is named by its code."""
    return PARTS.get(code) or {"fr": code.upper(), "en": code.upper()}
