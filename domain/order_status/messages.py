"""What people are told, as data: every sentence in every language; those for customers name nothing internal."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from domain.order_state.states import HeaderState
from domain.order_status.vocabulary import CustomerStatus, Movement, Readiness, RecordQuality, Step

LANGUAGES = ("en", "de")
"""English and German; a sentence missing in one is a failing test."""

Texts = Mapping[str, str]
Table = Mapping[StrEnum, Texts]


def _table(rows: Mapping[StrEnum, tuple[str, str]]) -> Table:
    return {word: dict(zip(LANGUAGES, texts, strict=True)) for word, texts in rows.items()}


_C, _H, _M, _S, _R, _Q = CustomerStatus, HeaderState, Movement, Step, Readiness, RecordQuality

CUSTOMER: Table = _table(
    {
        _C.RECEIVED: (
            "We have received your order and are checking it.",
            "Wir haben Ihre Bestellung erhalten und prüfen sie.",
        ),
        _C.IN_PROGRESS: ("We are working on your order.", "Wir bearbeiten Ihre Bestellung."),
        _C.ACTION_NEEDED: (
            "We need something from you before we can go on.",
            "Wir brauchen etwas von Ihnen, bevor es weitergehen kann.",
        ),
        _C.PARTLY_ACTIVE: (
            "Part of what you ordered is ready to use.",
            "Ein Teil Ihrer Bestellung steht Ihnen schon zur Verfügung.",
        ),
        _C.ACTIVE: ("What you ordered is ready to use.", "Ihre Bestellung ist ausgeführt und steht Ihnen bereit."),
        _C.SUSPENDED: ("Your service is paused as ordered.", "Ihr Dienst ist wie bestellt unterbrochen."),
        _C.ENDED: ("Your service has ended as ordered.", "Ihr Dienst ist wie bestellt beendet."),
        _C.CANCELLING: ("We are stopping your order.", "Wir halten Ihre Bestellung an."),
        _C.CANCELLED: ("Your order was cancelled.", "Ihre Bestellung wurde storniert."),
        _C.NOT_ACCEPTED: ("We could not accept your order.", "Wir konnten Ihre Bestellung nicht annehmen."),
        _C.CLOSED: (
            "Your order was closed; it could not be delivered.",
            "Ihre Bestellung wurde geschlossen, denn sie konnte nicht ausgeführt werden.",
        ),
    }
)
"""One sentence for each state a customer is told."""

_WAIT = (
    "You need not do anything. We will tell you when it goes on.",
    "Sie müssen nichts tun. Wir melden uns, sobald es weitergeht.",
)
_NONE = ("You need not do anything.", "Sie müssen nichts tun.")
_CALL = ("Please get in touch with us.", "Bitte setzen Sie sich mit uns in Verbindung.")

CUSTOMER_NEXT: Table = _table(
    {
        _C.RECEIVED: _WAIT,
        _C.IN_PROGRESS: _WAIT,
        _C.ACTION_NEEDED: (
            "Please answer our message, or call us.",
            "Bitte beantworten Sie unsere Nachricht oder rufen Sie uns an.",
        ),
        _C.PARTLY_ACTIVE: (
            "You can use what is ready. If anything is missing, call us.",
            "Sie können nutzen, was bereit ist. Wenn etwas fehlt, rufen Sie uns an.",
        ),
        _C.ACTIVE: _NONE,
        _C.SUSPENDED: ("Call us when you want it back.", "Rufen Sie uns an, wenn Sie ihn wieder brauchen."),
        _C.ENDED: _NONE,
        _C.CANCELLING: _WAIT,
        _C.CANCELLED: ("You can order again at any time.", "Sie können jederzeit neu bestellen."),
        _C.NOT_ACCEPTED: _CALL,
        _C.CLOSED: _CALL,
    }
)
"""What the customer can do next."""

SALES: Table = _table(
    {
        _M.NOT_SUBMITTED: ("The order is still a draft.", "Der Auftrag ist noch ein Entwurf."),
        _M.MOVING: ("The order is moving.", "Der Auftrag geht voran."),
        _M.WAITING: ("The order waits for somebody outside.", "Der Auftrag wartet auf jemanden außerhalb."),
        _M.HELD: ("The order is held up and is being looked after.", "Der Auftrag stockt und wird betreut."),
        _M.STOPPING: ("The order is being stopped.", "Der Auftrag wird angehalten."),
        _M.DELIVERED: ("The order is delivered.", "Der Auftrag ist ausgeführt."),
        _M.LOST: ("The order ended without delivery.", "Der Auftrag endete ohne Lieferung."),
    }
)
"""How the deal gets on."""

OPERATIONS: Table = _table(
    {
        _H.DRAFT: ("The order is not submitted yet.", "Der Auftrag ist noch nicht eingereicht."),
        _H.SUBMITTED: ("The order waits for its validation.", "Der Auftrag wartet auf die Prüfung."),
        _H.VALIDATING: ("The order is being validated.", "Der Auftrag wird geprüft."),
        _H.ACCEPTED: ("The order is accepted; work has not begun.", "Angenommen; die Arbeit hat nicht begonnen."),
        _H.IN_PROGRESS: ("Work on the order is under way.", "Am Auftrag wird gearbeitet."),
        _H.FALLOUT: ("Somebody must repair something first.", "Zuerst muss jemand etwas instand setzen."),
        _H.CANCELLING: ("What was begun is being undone.", "Begonnenes wird rückgängig gemacht."),
        _H.PARTIALLY_COMPLETED: (
            "Some items were delivered, some not.",
            "Einige Posten wurden geliefert, andere nicht.",
        ),
        _H.COMPLETED: ("Every item that stayed was delivered.", "Alle verbliebenen Posten sind geliefert."),
        _H.CANCELLED: ("The order was cancelled.", "Der Auftrag wurde storniert."),
        _H.REJECTED: ("The order was not accepted.", "Der Auftrag wurde nicht angenommen."),
        _H.FAILED_CLOSED: ("The order was given up.", "Der Auftrag wurde aufgegeben."),
    }
)
"""The state of an order for those who work on it."""

NEXT: Table = _table(
    {
        _S.SUBMIT: ("Submit the order.", "Den Auftrag einreichen."),
        _S.VALIDATE: ("Start the validation.", "Die Prüfung beginnen."),
        _S.DECIDE_ACCEPTANCE: ("Accept or reject the order.", "Den Auftrag annehmen oder ablehnen."),
        _S.DECOMPOSE: ("Turn the items into tasks.", "Die Posten in Aufgaben zerlegen."),
        _S.START_WORK: ("Begin the first task.", "Mit der ersten Aufgabe beginnen."),
        _S.DELIVER: ("Finish the open tasks.", "Die offenen Aufgaben abschließen."),
        _S.AWAIT_CUSTOMER: ("Get the answer of the customer.", "Die Antwort des Kunden einholen."),
        _S.AWAIT_EXTERNAL: (
            "Wait for the outsider; ask when it is late.",
            "Auf den Dritten warten oder ihn mahnen.",
        ),
        _S.FIND_OUT: (
            "Look up in the executing system what became of the task.",
            "Im ausführenden System nachsehen, was aus der Aufgabe wurde.",
        ),
        _S.REPAIR: ("Repair what failed, or give it up.", "Den Fehler beheben oder den Posten aufgeben."),
        _S.STOP_WORK: ("Undo what was begun, or refuse.", "Begonnenes rückgängig machen oder ablehnen."),
        _S.NOTHING: ("Nothing is left to do.", "Es ist nichts mehr zu tun."),
    }
)
"""What must happen next."""

FINANCE: Table = _table(
    {
        _R.NOT_BILLABLE: ("Nothing of this is billed.", "Hiervon wird nichts berechnet."),
        _R.NOT_DELIVERED: ("Not delivered yet, so not billed.", "Noch nicht geliefert, also nicht berechnet."),
        _R.READY: ("Delivered, and billing was not asked.", "Geliefert, aber die Abrechnung ist nicht beauftragt."),
        _R.REQUESTED: ("Billing was asked and has not answered.", "Beauftragt, die Abrechnung hat nicht geantwortet."),
        _R.CHARGED: ("Billing did what it was asked.", "Die Abrechnung ist wie beauftragt eingerichtet."),
        _R.REJECTED: ("Billing could not do what it was asked.", "Die Abrechnung konnte den Auftrag nicht ausführen."),
        _R.EXCUSED: ("Not billed, for an approved reason.", "Aus genehmigtem Grund nicht berechnet."),
        _R.WITHDRAWN: ("The request to billing was taken back.", "Der Auftrag an die Abrechnung ist zurückgezogen."),
    }
)
"""How far billing is."""

COMPLIANCE: Table = _table(
    {
        _Q.SOUND: ("Every decision is on record.", "Alle Entscheidungen sind belegt."),
        _Q.INCOMPLETE: ("Something that must be on record is missing.", "Es fehlt etwas, das belegt sein muss."),
        _Q.BREACHED: (
            "One person did two things that must be kept apart.",
            "Eine Person tat zweierlei, das getrennt bleiben muss.",
        ),
    }
)
"""How sound the record of decisions is."""

TABLES: Mapping[type[StrEnum], Table] = {
    CustomerStatus: CUSTOMER,
    Movement: SALES,
    HeaderState: OPERATIONS,
    Step: NEXT,
    Readiness: FINANCE,
    RecordQuality: COMPLIANCE,
}
"""The table of each vocabulary (that of the customer's next steps besides)."""


def texts(table: Table, word: StrEnum) -> dict[str, str]:
    """What is said of a word, by language."""
    return dict(table[word])
