package ordertruth;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** The contract's OrderState record in Avro, framed with its schema id. */
final class OrderStateWriter {
    private static final int GAPS_SHOWN_MAX = 1000;
    private static final byte[] POLICY = Words.utf8(View.POLICY);
    private static final byte[] RULE = Words.utf8("header-state");
    private static final byte[] FALLOUT = Words.utf8("FALLOUT");
    private static final byte[] PENDING_EXTERNAL = Words.utf8("PENDING_EXTERNAL");
    private static final byte[] CANCELLATION = Words.utf8("CANCELLATION");
    private static final byte[] AUTHORITY = authority();
    /** Action, parent, offering and product instance of an item whose definition is unread. */
    private static final byte[] NULLS = {0, 0, 0, 0};
    static final int FRAME = 5;

    private record Blocker(byte[] kind, byte[] itemId, byte[] code, byte[] repair, long sinceUs) {
        static final Comparator<Blocker> OLDEST_FIRST = Comparator.comparingLong(Blocker::sinceUs)
                .thenComparing(Blocker::itemId, Words::compare)
                .thenComparing(Blocker::kind, Words::compare)
                .thenComparing(Blocker::code, Words::compare)
                .thenComparing(Blocker::repair, Words::compare);
    }

    private final Output out = new Output();
    private final int schemaId;

    OrderStateWriter(int schemaId) {
        this.schemaId = schemaId;
    }

    private static byte[] authority() {
        Output out = new Output();
        out.writeLong(0);
        texts(out, "orderSearch", "supportSummary");
        texts(out, "orderState", "fulfillmentState", "billing", "commercialTerms");
        return out.copy();
    }

    private static void texts(Output out, String... texts) {
        out.writeLong(texts.length);
        for (String text : texts) {
            out.writeText(Words.utf8(text));
        }
        out.writeByte(0);
    }

    byte[] write(byte[] orderId, View view, long calculatedUs) {
        Facts facts = view.facts;
        Facts.Newest newest = facts.newest;
        out.size = 0;
        out.writeByte(0);
        for (int shift = 24; shift >= 0; shift -= 8) {
            out.writeByte(schemaId >>> shift);
        }
        out.writeText(orderId);
        out.writeOptional(newest.number);
        out.writeOptional(newest.account);
        out.writeOptional(newest.quote);
        if (newest.hasQuoteVersion) {
            out.writeByte(2);
            out.writeLong(newest.quoteVersion);
        } else {
            out.writeByte(0);
        }
        out.writeLong(view.state);
        out.writeLong(view.declared);
        out.writeLong(newest.state);
        out.writeText(POLICY);
        out.writeText(view.clause);
        out.writeText(Words.V4[view.state]);
        out.writeText(Words.V5[view.state]);
        out.writeLong(view.progressPercent);
        out.writeLong(view.cancelledItems);
        items(view);
        blockers(view);
        out.writeLong(newest.version);
        gaps(facts.versions, newest.version);
        conflicts(facts.versions);
        out.writeLong(newest.timeUs);
        inputs(facts);
        out.writeText(RULE);
        out.writeText(POLICY);
        out.writeLong(calculatedUs);
        out.writeByte(0);
        out.writeRaw(AUTHORITY);
        out.writeLong(Math.max(0, calculatedUs - newest.recordedUs) / 1000);
        return out.copy();
    }

    private void items(View view) {
        if (view.count > 0) {
            out.writeLong(view.count);
        }
        for (int i = 0; i < view.count; i++) {
            View.ItemView item = view.items[i];
            out.writeText(item.id);
            out.writeLong(item.state);
            if (item.row == null) {
                out.writeRaw(NULLS);
            } else {
                out.writeByte(2);
                out.writeLong(item.row.action());
                out.writeOptional(item.row.parentItemId());
                out.writeOptional(item.row.offeringId());
                out.writeOptional(item.row.productInstanceId());
            }
            Facts.ItemBase base = item.base();
            if (base == null) {
                out.writeByte(0);
                out.writeByte(0);
            } else {
                out.writeByte(2);
                out.writeLong(base.sinceUs);
                out.writeOptional(base.eventId);
            }
        }
        out.writeByte(0);
    }

    private void blockers(View view) {
        List<Blocker> found = Words.isTerminalHeader(view.state) ? List.of() : found(view);
        if (!found.isEmpty()) {
            out.writeLong(found.size());
        }
        for (Blocker blocker : found) {
            out.writeText(blocker.kind);
            out.writeOptional(blocker.itemId);
            out.writeOptional(blocker.code);
            out.writeOptional(blocker.repair);
            out.writeLong(blocker.sinceUs);
        }
        out.writeByte(0);
    }

    private static List<Blocker> found(View view) {
        List<Blocker> found = new ArrayList<>(0);
        for (int i = 0; i < view.count; i++) {
            View.ItemView item = view.items[i];
            if (item.state == Words.ITEM_FALLOUT) {
                byte[] repair = Words.REPAIR_TEXT[Words.REPAIR_HUMAN];
                found.add(new Blocker(FALLOUT, item.id, item.base().cause, repair, item.base().sinceUs));
            } else if (item.state == Words.ITEM_PENDING_EXTERNAL) {
                found.add(new Blocker(PENDING_EXTERNAL, item.id, item.base().cause, null, item.base().sinceUs));
            }
        }
        for (Facts.Fallout fallout : view.facts.fallouts) {
            if (fallout.open && fallout.itemId == null) {
                byte[] repair = fallout.repair < 0 ? null : Words.REPAIR_TEXT[fallout.repair];
                found.add(new Blocker(FALLOUT, null, fallout.code, repair, fallout.sinceUs));
            }
        }
        if (view.cancellationOpen() && view.state == Words.CANCELLING) {
            found.add(new Blocker(CANCELLATION, null, null, null, view.cancellingSince()));
        }
        if (found.size() > 1) {
            found.sort(Blocker.OLDEST_FIRST);
        }
        return found;
    }

    private void gaps(Versions versions, long newest) {
        if (versions.count != newest) {
            int missing = (int) Math.min(GAPS_SHOWN_MAX, newest - versions.count);
            out.writeLong(missing);
            long next = 1;
            for (int i = 0; missing > 0; i++) {
                for (; missing > 0 && next < versions.numbers[i]; next++, missing--) {
                    out.writeLong(next);
                }
                next = versions.numbers[i] + 1;
            }
        }
        out.writeByte(0);
    }

    private void conflicts(Versions versions) {
        if (!versions.conflicts().isEmpty()) {
            out.writeLong(versions.conflicts().size());
            versions.conflicts().keySet().forEach(out::writeLong);
        }
        out.writeByte(0);
    }

    private void inputs(Facts facts) {
        out.writeLong(facts.inputs.size());
        for (Facts.Citation citation : facts.inputs) {
            out.writeText(citation.eventId);
            out.writeText(Kind.at(citation.kind).text);
            out.writeLong(citation.version);
            out.writeText(citation.topic);
            out.writeLong(citation.partition);
            out.writeLong(citation.offset);
        }
        out.writeByte(0);
    }
}
