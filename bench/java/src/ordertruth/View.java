package ordertruth;

import java.util.Arrays;

/** The derived state of an order under the policy `reference.v1`; one object is derived into again and again. */
final class View {
    static final String POLICY = "reference.v1";

    private static final byte[] DECIDED = Words.utf8("declared-decided");
    private static final byte[] NOT_BEGUN = Words.utf8("not-begun");
    private static final byte[] NOTHING_LEFT = Words.utf8("nothing-left-cancelled");
    private static final byte[] NOTHING_TO_DO_COMPLETED = Words.utf8("nothing-to-do-completed");
    private static final byte[] NOTHING_TO_DO = Words.utf8("nothing-to-do");
    private static final byte[] ANY_FALLOUT = Words.utf8("any-fallout");
    private static final byte[] ANY_CANCELLING = Words.utf8("any-cancelling");
    private static final byte[] ANY_ACTIVE = Words.utf8("any-active");
    private static final byte[] ALL_COMPLETED = Words.utf8("all-completed");
    private static final byte[] ALL_FAILED = Words.utf8("all-failed");
    private static final byte[] MIXED_TERMINAL = Words.utf8("mixed-terminal");
    private static final byte[] ACCEPTED = Words.utf8("accepted");

    /** One item: its definition and its facts, either of which may be missing. */
    static final class ItemView {
        byte[] id;
        Event.Row row;
        Facts.Item item;
        int state;

        /** An item of unknown action counts as executable until its definition is read. */
        boolean executable() {
            return row == null || row.action() != Words.ACTION_NO_CHANGE;
        }

        Facts.ItemBase base() {
            return item != null && item.base.isSet() ? item.base : null;
        }
    }

    Facts facts;
    ItemView[] items = new ItemView[0];
    int count;
    int declared;
    int state;
    byte[] clause;
    int progressPercent;
    int cancelledItems;
    private int live;
    private boolean someCancelled;
    private boolean cancellationOpen;
    private boolean orderFallout;

    void derive(Facts of) {
        facts = of;
        mergeItems();
        declared = declaredState();
        summarise();
        decide();
    }

    boolean cancellationOpen() {
        return cancellationOpen;
    }

    private void mergeItems() {
        Event.Row[] rows = facts.definition.rows;
        int held = facts.items.size();
        count = 0;
        room(rows.length + held);
        for (int r = 0, i = 0; r < rows.length || i < held; count++) {
            ItemView view = items[count];
            int order = r == rows.length ? 1 : i == held ? -1
                    : Arrays.compareUnsigned(rows[r].itemId(), facts.items.get(i).id);
            view.row = order <= 0 ? rows[r++] : null;
            view.item = order >= 0 ? facts.items.get(i++) : null;
            view.id = view.row != null ? view.row.itemId() : view.item.id;
            view.state = effective(view);
        }
    }

    private void room(int wanted) {
        int had = items.length;
        if (wanted > had) {
            items = Arrays.copyOf(items, wanted);
            for (int i = had; i < wanted; i++) {
                items[i] = new ItemView();
            }
        }
    }

    private int effective(ItemView view) {
        Facts.ItemBase base = view.base();
        int own = base == null ? Words.ITEM_NOT_STARTED : base.state;
        return !Words.isTerminalItem(own) && request(view).open ? Words.ITEM_CANCELLING : own;
    }

    /** The newer of the item's and the whole order's request; an unset one is not open. */
    private Facts.Request request(ItemView view) {
        Facts.Request whole = facts.cancellation;
        if (view.item == null || !view.item.cancel.isSet()) {
            return whole;
        }
        Facts.Request own = view.item.cancel;
        return own.version == whole.version ? own.hash <= whole.hash ? own : whole
                : own.version > whole.version ? own : whole;
    }

    private int declaredState() {
        boolean isSet = facts.declared.isSet();
        if (facts.started != 0 && (!isSet || facts.started > facts.declared.version)) {
            return Words.IN_PROGRESS;
        }
        return isSet ? facts.declared.state : Words.DRAFT;
    }

    private void summarise() {
        int states = 0;
        int executable = 0;
        int terminal = 0;
        cancelledItems = 0;
        for (int i = 0; i < count; i++) {
            if (!items[i].executable()) {
                continue;
            }
            int own = items[i].state;
            states |= 1 << own;
            executable++;
            terminal += Words.isTerminalItem(own) ? 1 : 0;
            cancelledItems += own == Words.ITEM_CANCELLED ? 1 : 0;
        }
        live = states & ~(1 << Words.ITEM_CANCELLED);
        someCancelled = cancelledItems > 0;
        cancellationOpen = facts.cancellation.open || has(Words.ITEM_CANCELLING);
        orderFallout = false;
        for (Facts.Fallout fallout : facts.fallouts) {
            orderFallout |= fallout.open && fallout.itemId == null && fallout.repair == Words.REPAIR_HUMAN;
        }
        progressPercent = executable == 0 ? -1 : 100 * terminal / executable;
    }

    private boolean has(int itemState) {
        return (live >> itemState & 1) != 0;
    }

    private void decide() {
        if (declared == Words.REJECTED || declared == Words.CANCELLED || declared == Words.FAILED_CLOSED) {
            decide(declared, DECIDED);
        } else if (declared <= Words.VALIDATING) {
            decide(asDeclared(), NOT_BEGUN);
        } else if (live == 0) {
            decideWithoutLiveItem();
        } else if (orderFallout || has(Words.ITEM_FALLOUT)) {
            decide(Words.FALLOUT, ANY_FALLOUT);
        } else if (has(Words.ITEM_CANCELLING) || cancellationOpen && (live & ~Words.ITEM_TERMINAL_SET) != 0) {
            decide(Words.CANCELLING, ANY_CANCELLING);
        } else if (has(Words.ITEM_IN_PROGRESS) || has(Words.ITEM_PENDING_EXTERNAL)
                || has(Words.ITEM_NOT_STARTED) && live != 1 << Words.ITEM_NOT_STARTED) {
            decide(Words.IN_PROGRESS, ANY_ACTIVE);
        } else if (live == 1 << Words.ITEM_COMPLETED) {
            decide(Words.COMPLETED, ALL_COMPLETED);
        } else if (live == 1 << Words.ITEM_FAILED_CLOSED) {
            decide(Words.FAILED_CLOSED, ALL_FAILED);
        } else if ((live & ~Words.ITEM_TERMINAL_SET) == 0) {
            decide(Words.PARTIALLY_COMPLETED, MIXED_TERMINAL);
        } else {
            decide(Words.ACCEPTED, ACCEPTED);
        }
        if (progressPercent < 0) {
            progressPercent = state == Words.COMPLETED ? 100 : 0;
        }
    }

    private void decideWithoutLiveItem() {
        if (someCancelled) {
            decide(Words.CANCELLED, NOTHING_LEFT);
        } else if (declared == Words.COMPLETED && !orderFallout) {
            decide(Words.COMPLETED, NOTHING_TO_DO_COMPLETED);
        } else {
            decide(asDeclared(), NOTHING_TO_DO);
        }
    }

    private void decide(int decided, byte[] by) {
        state = decided;
        clause = by;
    }

    private int asDeclared() {
        return orderFallout ? Words.FALLOUT : cancellationOpen ? Words.CANCELLING : declared;
    }

    /** When the oldest request was made that is still open; a state nobody asked for counts from its own event. */
    long cancellingSince() {
        long since = facts.cancellation.open ? facts.cancellation.sinceUs : Long.MAX_VALUE;
        for (int i = 0; i < count; i++) {
            ItemView view = items[i];
            if (view.executable() && view.state == Words.ITEM_CANCELLING) {
                Facts.Request request = request(view);
                since = Math.min(since, request.open ? request.sinceUs : view.item.base.sinceUs);
            }
        }
        return since;
    }
}
