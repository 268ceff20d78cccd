from __future__ import annotations

import pytest

from avro.generate import schema_for
from domain.catalogue import RECORDS, RecordType
from domain.errors import ContractError
from domain.model import Classification
from topics import catalogue
from topics.catalogue import (
    AUDIENCES,
    CHANGELOGS,
    CLOCK,
    DEAD_LETTERS,
    DERIVED_TOPICS,
    FEEDS,
    FOLD_APPS,
    FOLD_CHANGELOGS,
    ORDER_STATE,
    ORDER_STATE_CHANGELOG,
    ORDER_STATUS,
    OWNER_TOPICS,
    PRODUCT_ORDERS,
    TOPICS,
    Kind,
    Topic,
    changelog_of,
    contracted_records,
    dead_letters_of,
    topic_named,
    topic_of,
)
from topics.platform_topics import rekeyed
from topics.topic import Cleanup, Partitioning

CONTRACT = """
crm.accounts.v1 | crm | Account | AccountCreated AccountUpdated AccountsMerged AccountClosed
catalog.publications.v1 | catalog | CatalogPublication | CatalogPublished OfferingRetired CatalogPublicationConsumed
cpq.quotes.v1 | cpq | Quote | QuoteCreated QuoteRevised QuoteConfigured QuotePriced QuoteValidated QuoteValidationFailed QuoteSubmittedForApproval QuoteApproved QuoteRejected QuotePresented QuoteAccepted QuoteExpired QuoteCancelled QuoteSuperseded QuoteConvertedToOrder QuoteConversionFailed QuoteCorrectionRequested QuoteCorrectionApproved QuoteCorrectionApplied
cpq.price-calculations.v1 | cpq | PriceCalculation | PriceCalculated PriceCalculationFailed
cpq.approval-cases.v1 | cpq | ApprovalCase | ApprovalRequested ApprovalDecided ApprovalEscalated ApprovalExpired
oms.order-capture.v1 | oms | OrderCaptureAttempt | OrderCaptureAttempted
oms.product-orders.v1 | oms | ProductOrder | ProductOrderCreated ProductOrderSubmitted ProductOrderValidationStarted ProductOrderValidated ProductOrderAccepted ProductOrderRejected ProductOrderDecompositionStarted ProductOrderDecomposed ProductOrderDecompositionFailed ProductOrderItemStarted ProductOrderItemPendingExternal ProductOrderItemCompleted ProductOrderItemFailed ProductOrderItemCancelled ProductOrderFalloutRaised ProductOrderFalloutResolved ProductOrderCancellationRequested ProductOrderCancellationRefused ProductOrderCancelled ProductOrderAmended ProductOrderDetailsUpdated ProductOrderCompleted ProductOrderFailedClosed
oms.billing-handoffs.v1 | oms | BillingHandoff | BillingActivationRequested BillingActivationWithdrawn
oms.fallout-cases.v1 | oms | FalloutCase | FalloutDetected FalloutAssigned OrderRepairApplied FalloutResolved FalloutClosedAsFailed
fulfillment.plans.v1 | fulfillment | FulfillmentPlan | FulfillmentPlanCreated FulfillmentTaskStarted FulfillmentTaskCompleted FulfillmentTaskFailed FulfillmentTaskRetried FulfillmentTaskOutcomeUnknown FulfillmentTaskCompensated
inventory.reservations.v1 | inventory | Reservation | ResourceReserved ResourceReservationFailed ResourceReservationExpired ResourceReservationReleased
inventory.assets.v1 | inventory | Asset | AssetActivated AssetModified AssetSuspended AssetResumed AssetTerminated AssetActivationFailed
provisioning.results.v1 | provisioning | ProvisioningRequest | ProvisioningStarted ProvisioningSucceeded ProvisioningFailed ServiceStatusObserved
payments.authorizations.v1 | payments | PaymentAuthorization | PaymentAuthorized PaymentAuthorizationFailed PaymentVoided
billing.charges.v1 | billing | Charge | ChargeActivated ChargeAmended ChargeSuspended ChargeResumed ChargeTerminated ChargeRejected InvoiceIssued
billing.non-billing-reasons.v1 | billing | NonBillingReason | NonBillingReasonRequested NonBillingReasonApproved NonBillingReasonRevoked
evidence.packages.v1 | evidence | EvidencePackage | EvidenceAttached EvidencePackageAssembled EvidencePackageFailed
governance.records.v1 | governance | GovernanceRecord | CorrectionRequested CorrectionApproved CorrectionApplied ManualOverrideRecorded BreakGlassAccessed PolicyChanged UnauthorizedMutationAttempted
governance.case-decisions.v1 | console | CaseDecision | CaseAssigned CaseResolutionProposed CaseResolved CaseWaiverRequested CaseWaived CaseReopened CaseEscalated
governance.consumer-checkpoints.v1 | ordertruth | ConsumerCheckpoint | ConsumerCheckpointReported
"""  # noqa: E501 - one line for each topic, as in the contract
SENSITIVITY = [Classification.PUBLIC, Classification.INTERNAL, Classification.CONFIDENTIAL, Classification.PII]


def ids(topic: Topic) -> str:
    return topic.name


def test_owner_topics_are_those_of_the_contract() -> None:
    wanted = [tuple(part.strip() for part in line.split("|")) for line in CONTRACT.strip().splitlines()]
    assert [(t.name, t.owner, t.aggregate, " ".join(t.events)) for t in OWNER_TOPICS] == wanted


def test_derived_topics_are_those_of_the_contract() -> None:
    audiences = ["customer", "sales", "support", "fulfillment", "finance", "compliance"]
    wanted = {
        "derived.order-state.v1",
        *(f"derived.order-status-{a}.v1" for a in audiences),
        "derived.billing-handoff.v1",
        "derived.drift-findings.v1",
        "derived.reconciliation-cases.v1",
        "derived.truth-health.v1",
        "derived.order-references.v1",
        "derived.order-timeline.v1",
        "derived.quote-timeline.v1",
        "derived.account-timeline.v1",
        "derived.quote-view.v1",
        "derived.quote-decisions.v1",
        "derived.quote-staleness.v1",
        "derived.pricing-trace.v1",
        "derived.fulfillment-plan.v1",
        "derived.fallout.v1",
        "derived.fulfillment-exceptions.v1",
        "derived.account-view.v1",
        "derived.account-holdings.v1",
        "ops.alerts.v1",
    }
    assert {t.name for t in DERIVED_TOPICS} == wanted
    assert list(AUDIENCES) == audiences
    assert {t.owner for t in DERIVED_TOPICS} == {"ordertruth"}


def test_names_are_unique() -> None:
    assert len({t.name for t in TOPICS}) == len(TOPICS)


def test_every_record_with_a_contract_has_its_topic() -> None:
    assert [r for _, r in contracted_records()] == list(RECORDS)
    subjects = [s for t in TOPICS for s in t.subjects]
    assert len(subjects) == len(set(subjects)) == len(RECORDS)
    assert ORDER_STATE.subjects == ("derived.order-state.v1-com.ordertruth.ordertruth.order_state.OrderState",)


def test_a_record_without_a_topic_is_refused() -> None:
    stranger = RecordType("crm", "ProductOrder", RECORDS[0].model)
    with pytest.raises(ContractError, match="No topic carries"):
        topic_of(stranger)


@pytest.mark.parametrize("topic", OWNER_TOPICS, ids=ids)
def test_owner_topics_keep_everything_by_broker_time(topic: Topic) -> None:
    config = topic.config()
    assert (config["cleanup.policy"], config["retention.ms"]) == ("delete", "-1")
    assert config["message.timestamp.type"] == "LogAppendTime"
    assert topic.consumers


@pytest.mark.parametrize("topic", DERIVED_TOPICS, ids=ids)
def test_derived_topics_are_compacted_with_graves_of_seven_days(topic: Topic) -> None:
    config = topic.config()
    assert (config["cleanup.policy"], config["delete.retention.ms"]) == ("compact", "604800000")
    assert "retention.ms" not in config


def test_changelogs_are_compacted_in_small_segments_and_hold_more_than_their_source() -> None:
    apps = ("order-state", "placing", *FOLD_APPS, "cases")
    assert [t.name for t in CHANGELOGS] == [f"internal.{app}.store.changelog.v1" for app in apps]
    config = ORDER_STATE_CHANGELOG.config()
    assert config["cleanup.policy"] == "compact"
    assert int(config["segment.bytes"]) <= 64 * 1024 * 1024
    assert int(config["segment.ms"]) <= 3_600_000
    assert ORDER_STATE_CHANGELOG.max_bytes > max(PRODUCT_ORDERS.max_bytes, ORDER_STATE.max_bytes)


def test_each_consumed_topic_has_dead_letters_that_lose_nothing() -> None:
    consumed = {t.name: t for t in TOPICS if t.consumers}
    assert set(DEAD_LETTERS) == set(consumed)
    for name, source in consumed.items():
        letters = dead_letters_of(name)
        assert letters.name == f"dlq.{name}"
        assert letters.cleanup is Cleanup.DELETE
        assert letters.config()["retention.ms"] == "-1"
        assert letters.max_bytes > source.max_bytes
        assert letters.classification is source.classification


def test_all_joined_topics_have_the_same_number_of_partitions() -> None:
    assert {t.partitioning for t in TOPICS} == {Partitioning.KEYED}
    assert {t.partitions(12) for t in TOPICS} == {12}


def test_a_topic_that_is_not_keyed_has_one_partition() -> None:
    single = Topic("x", Kind.INTERNAL, "o", "k", "d", Classification.INTERNAL, partitioning=Partitioning.SINGLE)
    assert single.partitions(12) == 1


def classifications(schema: object) -> set[str]:
    if isinstance(schema, dict):
        own = {schema["classification"]} if "classification" in schema else set()
        return own.union(*(classifications(v) for v in schema.values()))
    if isinstance(schema, list):
        return set().union(*(classifications(v) for v in schema))
    return set()


@pytest.mark.parametrize("record", RECORDS, ids=lambda r: r.name)
def test_a_topic_is_as_sensitive_as_its_most_sensitive_field(record: RecordType) -> None:
    worst = max(SENSITIVITY.index(Classification(c)) for c in classifications(schema_for(record)))
    assert SENSITIVITY.index(topic_of(record).classification) >= worst


def test_look_ups_refuse_what_there_is_not() -> None:
    assert topic_named(CLOCK.name) is CLOCK
    assert changelog_of("order-state", "store") is ORDER_STATE_CHANGELOG
    with pytest.raises(ContractError, match=r"nothing\.v1"):
        topic_named("nothing.v1")
    with pytest.raises(ContractError, match="no dead letters"):
        dead_letters_of(ORDER_STATE_CHANGELOG.name)


def test_what_is_offered_to_others_is_said_outright() -> None:
    assert all(hasattr(catalogue, name) for name in catalogue.__all__)
    constants = {value.name for value in vars(catalogue).values() if isinstance(value, Topic)}
    assert constants == {t.name for t in TOPICS} - {t.name for t in DEAD_LETTERS.values()} - {
        t.name for table in (ORDER_STATUS, FEEDS, FOLD_CHANGELOGS) for t in table.values()
    }


def test_a_rekeyed_topic_keeps_every_fact_and_has_room_for_where_it_came_from() -> None:
    topic = rekeyed("billing", "charges-by-instance", PRODUCT_ORDERS, key="instance", about="x", consumers=("a",))
    assert topic.name == "internal.billing.charges-by-instance.v1"
    assert (topic.config()["cleanup.policy"], topic.config()["retention.ms"]) == ("delete", "-1")
    assert topic.max_bytes >= PRODUCT_ORDERS.max_bytes + 64 * 1024
    assert topic.classification is PRODUCT_ORDERS.classification
    assert topic.partitions(7) == 7
