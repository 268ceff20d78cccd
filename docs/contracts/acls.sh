#!/usr/bin/env bash
# Made by `ordertruth contracts export` from the catalogue; edits are lost.
#
# Each owner may write its own topics, readers may read theirs, everybody may know of a topic, nobody anything else:
# the broker must deny what is not allowed (allow.everyone.if.no.acl.found=false). Creating topics
# (`ordertruth topics apply`) is left to the administrator who runs this.
#
#   BOOTSTRAP_SERVERS=host:port COMMAND_CONFIG=admin.properties KAFKA_ACLS=/opt/kafka/bin/kafka-acls.sh bash acls.sh
set -euo pipefail
: "${BOOTSTRAP_SERVERS:=localhost:9092}"
: "${KAFKA_ACLS:=kafka-acls.sh}"

allow() {
  "$KAFKA_ACLS" --bootstrap-server "$BOOTSTRAP_SERVERS" ${COMMAND_CONFIG:+--command-config "$COMMAND_CONFIG"} \
    --add --allow-principal "$@"
}

# everybody
allow 'User:*' --operation Describe \
  --topic billing.charges.v1 \
  --topic billing.non-billing-reasons.v1 \
  --topic catalog.publications.v1 \
  --topic cpq.approval-cases.v1 \
  --topic cpq.price-calculations.v1 \
  --topic cpq.quotes.v1 \
  --topic crm.accounts.v1 \
  --topic derived.account-holdings.v1 \
  --topic derived.account-timeline.v1 \
  --topic derived.account-view.v1 \
  --topic derived.billing-handoff.v1 \
  --topic derived.drift-findings.v1 \
  --topic derived.fallout.v1 \
  --topic derived.fulfillment-exceptions.v1 \
  --topic derived.fulfillment-plan.v1 \
  --topic derived.order-references.v1 \
  --topic derived.order-state.v1 \
  --topic derived.order-status-compliance.v1 \
  --topic derived.order-status-customer.v1 \
  --topic derived.order-status-finance.v1 \
  --topic derived.order-status-fulfillment.v1 \
  --topic derived.order-status-sales.v1 \
  --topic derived.order-status-support.v1 \
  --topic derived.order-timeline.v1 \
  --topic derived.pricing-trace.v1 \
  --topic derived.quote-decisions.v1 \
  --topic derived.quote-staleness.v1 \
  --topic derived.quote-timeline.v1 \
  --topic derived.quote-view.v1 \
  --topic derived.reconciliation-cases.v1 \
  --topic derived.truth-health.v1 \
  --topic dlq.billing.charges.v1 \
  --topic dlq.billing.non-billing-reasons.v1 \
  --topic dlq.catalog.publications.v1 \
  --topic dlq.cpq.approval-cases.v1 \
  --topic dlq.cpq.price-calculations.v1 \
  --topic dlq.cpq.quotes.v1 \
  --topic dlq.crm.accounts.v1 \
  --topic dlq.derived.account-holdings.v1 \
  --topic dlq.derived.account-timeline.v1 \
  --topic dlq.derived.account-view.v1 \
  --topic dlq.derived.billing-handoff.v1 \
  --topic dlq.derived.drift-findings.v1 \
  --topic dlq.derived.fallout.v1 \
  --topic dlq.derived.fulfillment-exceptions.v1 \
  --topic dlq.derived.fulfillment-plan.v1 \
  --topic dlq.derived.order-references.v1 \
  --topic dlq.derived.order-state.v1 \
  --topic dlq.derived.order-status-compliance.v1 \
  --topic dlq.derived.order-status-customer.v1 \
  --topic dlq.derived.order-status-finance.v1 \
  --topic dlq.derived.order-status-fulfillment.v1 \
  --topic dlq.derived.order-status-sales.v1 \
  --topic dlq.derived.order-status-support.v1 \
  --topic dlq.derived.order-timeline.v1 \
  --topic dlq.derived.pricing-trace.v1 \
  --topic dlq.derived.quote-decisions.v1 \
  --topic dlq.derived.quote-staleness.v1 \
  --topic dlq.derived.quote-timeline.v1 \
  --topic dlq.derived.quote-view.v1 \
  --topic dlq.derived.reconciliation-cases.v1 \
  --topic dlq.derived.truth-health.v1 \
  --topic dlq.evidence.packages.v1 \
  --topic dlq.fulfillment.plans.v1 \
  --topic dlq.governance.case-decisions.v1 \
  --topic dlq.governance.consumer-checkpoints.v1 \
  --topic dlq.governance.records.v1 \
  --topic dlq.internal.clock.v1 \
  --topic dlq.internal.placing.order-status.v1 \
  --topic dlq.internal.placing.reconciliation.v1 \
  --topic dlq.inventory.assets.v1 \
  --topic dlq.inventory.reservations.v1 \
  --topic dlq.oms.billing-handoffs.v1 \
  --topic dlq.oms.fallout-cases.v1 \
  --topic dlq.oms.order-capture.v1 \
  --topic dlq.oms.product-orders.v1 \
  --topic dlq.ops.alerts.v1 \
  --topic dlq.payments.authorizations.v1 \
  --topic dlq.provisioning.results.v1 \
  --topic evidence.packages.v1 \
  --topic fulfillment.plans.v1 \
  --topic governance.case-decisions.v1 \
  --topic governance.consumer-checkpoints.v1 \
  --topic governance.records.v1 \
  --topic internal.cases.store.changelog.v1 \
  --topic internal.clock.v1 \
  --topic internal.order-state.store.changelog.v1 \
  --topic internal.order-status.store.changelog.v1 \
  --topic internal.placing.order-status.v1 \
  --topic internal.placing.reconciliation.v1 \
  --topic internal.placing.store.changelog.v1 \
  --topic internal.reconciliation.store.changelog.v1 \
  --topic inventory.assets.v1 \
  --topic inventory.reservations.v1 \
  --topic oms.billing-handoffs.v1 \
  --topic oms.fallout-cases.v1 \
  --topic oms.order-capture.v1 \
  --topic oms.product-orders.v1 \
  --topic ops.alerts.v1 \
  --topic payments.authorizations.v1 \
  --topic provisioning.results.v1

# billing
allow User:billing --operation Write \
  --topic billing.charges.v1 \
  --topic billing.non-billing-reasons.v1

# catalog
allow User:catalog --operation Write \
  --topic catalog.publications.v1

# console
allow User:console --operation Write \
  --topic governance.case-decisions.v1

# cpq
allow User:cpq --operation Write \
  --topic cpq.approval-cases.v1 \
  --topic cpq.price-calculations.v1 \
  --topic cpq.quotes.v1

# crm
allow User:crm --operation Write \
  --topic crm.accounts.v1

# evidence
allow User:evidence --operation Write \
  --topic evidence.packages.v1

# fulfillment
allow User:fulfillment --operation Write \
  --topic fulfillment.plans.v1

# governance
allow User:governance --operation Write \
  --topic governance.records.v1

# inventory
allow User:inventory --operation Write \
  --topic inventory.assets.v1 \
  --topic inventory.reservations.v1

# oms
allow User:oms --operation Write \
  --topic oms.billing-handoffs.v1 \
  --topic oms.fallout-cases.v1 \
  --topic oms.order-capture.v1 \
  --topic oms.product-orders.v1

# ordertruth
allow User:ordertruth --operation Read \
  --group alerts \
  --group cases \
  --group order-state \
  --group order-status \
  --group placing \
  --group reconciliation \
  --group restore-internal.cases.store.changelog.v1 \
  --group restore-internal.order-state.store.changelog.v1 \
  --group restore-internal.order-status.store.changelog.v1 \
  --group restore-internal.placing.store.changelog.v1 \
  --group restore-internal.reconciliation.store.changelog.v1 \
  --group sink-clickhouse \
  --group sink-postgres \
  --group truth-health \
  --group verify
allow User:ordertruth --operation Read \
  --topic billing.charges.v1 \
  --topic billing.non-billing-reasons.v1 \
  --topic catalog.publications.v1 \
  --topic cpq.approval-cases.v1 \
  --topic cpq.price-calculations.v1 \
  --topic cpq.quotes.v1 \
  --topic crm.accounts.v1 \
  --topic derived.account-holdings.v1 \
  --topic derived.account-timeline.v1 \
  --topic derived.account-view.v1 \
  --topic derived.billing-handoff.v1 \
  --topic derived.drift-findings.v1 \
  --topic derived.fallout.v1 \
  --topic derived.fulfillment-exceptions.v1 \
  --topic derived.fulfillment-plan.v1 \
  --topic derived.order-references.v1 \
  --topic derived.order-state.v1 \
  --topic derived.order-status-compliance.v1 \
  --topic derived.order-status-customer.v1 \
  --topic derived.order-status-finance.v1 \
  --topic derived.order-status-fulfillment.v1 \
  --topic derived.order-status-sales.v1 \
  --topic derived.order-status-support.v1 \
  --topic derived.order-timeline.v1 \
  --topic derived.pricing-trace.v1 \
  --topic derived.quote-decisions.v1 \
  --topic derived.quote-staleness.v1 \
  --topic derived.quote-timeline.v1 \
  --topic derived.quote-view.v1 \
  --topic derived.reconciliation-cases.v1 \
  --topic derived.truth-health.v1 \
  --topic dlq.billing.charges.v1 \
  --topic dlq.billing.non-billing-reasons.v1 \
  --topic dlq.catalog.publications.v1 \
  --topic dlq.cpq.approval-cases.v1 \
  --topic dlq.cpq.price-calculations.v1 \
  --topic dlq.cpq.quotes.v1 \
  --topic dlq.crm.accounts.v1 \
  --topic dlq.derived.account-holdings.v1 \
  --topic dlq.derived.account-timeline.v1 \
  --topic dlq.derived.account-view.v1 \
  --topic dlq.derived.billing-handoff.v1 \
  --topic dlq.derived.drift-findings.v1 \
  --topic dlq.derived.fallout.v1 \
  --topic dlq.derived.fulfillment-exceptions.v1 \
  --topic dlq.derived.fulfillment-plan.v1 \
  --topic dlq.derived.order-references.v1 \
  --topic dlq.derived.order-state.v1 \
  --topic dlq.derived.order-status-compliance.v1 \
  --topic dlq.derived.order-status-customer.v1 \
  --topic dlq.derived.order-status-finance.v1 \
  --topic dlq.derived.order-status-fulfillment.v1 \
  --topic dlq.derived.order-status-sales.v1 \
  --topic dlq.derived.order-status-support.v1 \
  --topic dlq.derived.order-timeline.v1 \
  --topic dlq.derived.pricing-trace.v1 \
  --topic dlq.derived.quote-decisions.v1 \
  --topic dlq.derived.quote-staleness.v1 \
  --topic dlq.derived.quote-timeline.v1 \
  --topic dlq.derived.quote-view.v1 \
  --topic dlq.derived.reconciliation-cases.v1 \
  --topic dlq.derived.truth-health.v1 \
  --topic dlq.evidence.packages.v1 \
  --topic dlq.fulfillment.plans.v1 \
  --topic dlq.governance.case-decisions.v1 \
  --topic dlq.governance.consumer-checkpoints.v1 \
  --topic dlq.governance.records.v1 \
  --topic dlq.internal.clock.v1 \
  --topic dlq.internal.placing.order-status.v1 \
  --topic dlq.internal.placing.reconciliation.v1 \
  --topic dlq.inventory.assets.v1 \
  --topic dlq.inventory.reservations.v1 \
  --topic dlq.oms.billing-handoffs.v1 \
  --topic dlq.oms.fallout-cases.v1 \
  --topic dlq.oms.order-capture.v1 \
  --topic dlq.oms.product-orders.v1 \
  --topic dlq.ops.alerts.v1 \
  --topic dlq.payments.authorizations.v1 \
  --topic dlq.provisioning.results.v1 \
  --topic evidence.packages.v1 \
  --topic fulfillment.plans.v1 \
  --topic governance.case-decisions.v1 \
  --topic governance.consumer-checkpoints.v1 \
  --topic governance.records.v1 \
  --topic internal.cases.store.changelog.v1 \
  --topic internal.clock.v1 \
  --topic internal.order-state.store.changelog.v1 \
  --topic internal.order-status.store.changelog.v1 \
  --topic internal.placing.order-status.v1 \
  --topic internal.placing.reconciliation.v1 \
  --topic internal.placing.store.changelog.v1 \
  --topic internal.reconciliation.store.changelog.v1 \
  --topic inventory.assets.v1 \
  --topic inventory.reservations.v1 \
  --topic oms.billing-handoffs.v1 \
  --topic oms.fallout-cases.v1 \
  --topic oms.order-capture.v1 \
  --topic oms.product-orders.v1 \
  --topic ops.alerts.v1 \
  --topic payments.authorizations.v1 \
  --topic provisioning.results.v1
allow User:ordertruth --operation Write \
  --topic derived.account-holdings.v1 \
  --topic derived.account-timeline.v1 \
  --topic derived.account-view.v1 \
  --topic derived.billing-handoff.v1 \
  --topic derived.drift-findings.v1 \
  --topic derived.fallout.v1 \
  --topic derived.fulfillment-exceptions.v1 \
  --topic derived.fulfillment-plan.v1 \
  --topic derived.order-references.v1 \
  --topic derived.order-state.v1 \
  --topic derived.order-status-compliance.v1 \
  --topic derived.order-status-customer.v1 \
  --topic derived.order-status-finance.v1 \
  --topic derived.order-status-fulfillment.v1 \
  --topic derived.order-status-sales.v1 \
  --topic derived.order-status-support.v1 \
  --topic derived.order-timeline.v1 \
  --topic derived.pricing-trace.v1 \
  --topic derived.quote-decisions.v1 \
  --topic derived.quote-staleness.v1 \
  --topic derived.quote-timeline.v1 \
  --topic derived.quote-view.v1 \
  --topic derived.reconciliation-cases.v1 \
  --topic derived.truth-health.v1 \
  --topic dlq.billing.charges.v1 \
  --topic dlq.billing.non-billing-reasons.v1 \
  --topic dlq.catalog.publications.v1 \
  --topic dlq.cpq.approval-cases.v1 \
  --topic dlq.cpq.price-calculations.v1 \
  --topic dlq.cpq.quotes.v1 \
  --topic dlq.crm.accounts.v1 \
  --topic dlq.derived.account-holdings.v1 \
  --topic dlq.derived.account-timeline.v1 \
  --topic dlq.derived.account-view.v1 \
  --topic dlq.derived.billing-handoff.v1 \
  --topic dlq.derived.drift-findings.v1 \
  --topic dlq.derived.fallout.v1 \
  --topic dlq.derived.fulfillment-exceptions.v1 \
  --topic dlq.derived.fulfillment-plan.v1 \
  --topic dlq.derived.order-references.v1 \
  --topic dlq.derived.order-state.v1 \
  --topic dlq.derived.order-status-compliance.v1 \
  --topic dlq.derived.order-status-customer.v1 \
  --topic dlq.derived.order-status-finance.v1 \
  --topic dlq.derived.order-status-fulfillment.v1 \
  --topic dlq.derived.order-status-sales.v1 \
  --topic dlq.derived.order-status-support.v1 \
  --topic dlq.derived.order-timeline.v1 \
  --topic dlq.derived.pricing-trace.v1 \
  --topic dlq.derived.quote-decisions.v1 \
  --topic dlq.derived.quote-staleness.v1 \
  --topic dlq.derived.quote-timeline.v1 \
  --topic dlq.derived.quote-view.v1 \
  --topic dlq.derived.reconciliation-cases.v1 \
  --topic dlq.derived.truth-health.v1 \
  --topic dlq.evidence.packages.v1 \
  --topic dlq.fulfillment.plans.v1 \
  --topic dlq.governance.case-decisions.v1 \
  --topic dlq.governance.consumer-checkpoints.v1 \
  --topic dlq.governance.records.v1 \
  --topic dlq.internal.clock.v1 \
  --topic dlq.internal.placing.order-status.v1 \
  --topic dlq.internal.placing.reconciliation.v1 \
  --topic dlq.inventory.assets.v1 \
  --topic dlq.inventory.reservations.v1 \
  --topic dlq.oms.billing-handoffs.v1 \
  --topic dlq.oms.fallout-cases.v1 \
  --topic dlq.oms.order-capture.v1 \
  --topic dlq.oms.product-orders.v1 \
  --topic dlq.ops.alerts.v1 \
  --topic dlq.payments.authorizations.v1 \
  --topic dlq.provisioning.results.v1 \
  --topic governance.consumer-checkpoints.v1 \
  --topic internal.cases.store.changelog.v1 \
  --topic internal.clock.v1 \
  --topic internal.order-state.store.changelog.v1 \
  --topic internal.order-status.store.changelog.v1 \
  --topic internal.placing.order-status.v1 \
  --topic internal.placing.reconciliation.v1 \
  --topic internal.placing.store.changelog.v1 \
  --topic internal.reconciliation.store.changelog.v1 \
  --topic ops.alerts.v1
allow User:ordertruth --operation Write --resource-pattern-type prefixed \
  --transactional-id cases- \
  --transactional-id order-state- \
  --transactional-id order-status- \
  --transactional-id placing- \
  --transactional-id reconciliation-

# payments
allow User:payments --operation Write \
  --topic payments.authorizations.v1

# provisioning
allow User:provisioning --operation Write \
  --topic provisioning.results.v1
