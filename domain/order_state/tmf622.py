"""The same state in the words of TMF622, versions 4 and 5."""

from __future__ import annotations

from collections.abc import Mapping

from domain.order_state.states import HeaderState

V4: Mapping[HeaderState, str] = {
    HeaderState.DRAFT: "acknowledged",
    HeaderState.SUBMITTED: "acknowledged",
    HeaderState.VALIDATING: "acknowledged",
    HeaderState.ACCEPTED: "acknowledged",
    HeaderState.IN_PROGRESS: "inProgress",
    HeaderState.FALLOUT: "held",
    HeaderState.CANCELLING: "assessingCancellation",
    HeaderState.PARTIALLY_COMPLETED: "partial",
    HeaderState.COMPLETED: "completed",
    HeaderState.CANCELLED: "cancelled",
    HeaderState.REJECTED: "rejected",
    HeaderState.FAILED_CLOSED: "failed",
}

V5: Mapping[HeaderState, str] = {**V4, HeaderState.DRAFT: "draft"}
