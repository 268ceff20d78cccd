package ordertruth;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Everything the fold remembers of one order: registers in which the highest version wins, and of two events of one
 * version the smaller content hash.
 */
final class Facts {
    enum Outcome { APPLIED, DUPLICATE, STALE }

    /** A register; version 0 means that nothing was written yet. */
    static class Register {
        long version;
        long hash;

        boolean isSet() {
            return version != 0;
        }

        boolean takes(long newVersion, long newHash) {
            return newVersion != version ? newVersion > version : newHash < hash;
        }

        /** Put the event's version and content in when it wins. */
        final boolean write(Event event) {
            if (!takes(event.version, event.contentHash)) {
                return false;
            }
            version = event.version;
            hash = event.contentHash;
            return true;
        }
    }

    static final class Newest extends Register {
        long timeUs;
        long recordedUs;
        byte[] number;
        byte[] account;
        byte[] quote;
        boolean hasQuoteVersion;
        long quoteVersion;
        int state;
    }

    static final class Declared extends Register {
        int state;
    }

    static final class Definition extends Register {
        /** Sorted by item id, one for each. */
        Event.Row[] rows = {};
    }

    static final class Request extends Register {
        boolean open;
        long sinceUs;
    }

    static final class ItemBase extends Register {
        int state;
        long sinceUs;
        byte[] eventId;
        byte[] cause;
    }

    static final class Item {
        final byte[] id;
        final ItemBase base = new ItemBase();
        final Request cancel = new Request();

        Item(byte[] id) {
            this.id = id;
        }
    }

    static final class Fallout extends Register {
        final byte[] id;
        boolean open;
        byte[] itemId;
        int repair = -1;
        byte[] code;
        long sinceUs;

        Fallout(byte[] id) {
            this.id = id;
        }
    }

    static final class Citation extends Register {
        final int kind;
        byte[] eventId;
        byte[] topic;
        int partition;
        long offset;

        Citation(int kind) {
            this.kind = kind;
        }
    }

    final Versions versions = new Versions();
    final Newest newest = new Newest();
    final Declared declared = new Declared();
    final Definition definition = new Definition();
    final Request cancellation = new Request();
    /** Lowest version among the ItemStarted events, 0 without one. */
    long started;
    /** Sorted by id. */
    final List<Item> items = new ArrayList<>(4);
    final List<Fallout> fallouts = new ArrayList<>(0);
    /** Sorted by kind. */
    final List<Citation> inputs = new ArrayList<>(8);

    /** Take an event in; what it did is the result. */
    Outcome apply(Event event) {
        boolean isNew = versions.add(event.version, event.contentHash);
        cite(event);
        if (!isNew) {
            return Outcome.DUPLICATE;
        }
        return remember(event) ? Outcome.APPLIED : Outcome.STALE;
    }

    private void cite(Event event) {
        Citation citation = citation(event.kind.ordinal());
        if (!citation.write(event) && !isEarlierPlace(event, citation)) {
            return;
        }
        citation.eventId = event.eventId;
        citation.topic = event.topic;
        citation.partition = event.partition;
        citation.offset = event.offset;
    }

    private static boolean isEarlierPlace(Event event, Citation held) {
        if (event.version != held.version || event.contentHash != held.hash) {
            return false;
        }
        int order = Arrays.compareUnsigned(event.eventId, held.eventId);
        order = order != 0 ? order : Arrays.compareUnsigned(event.topic, held.topic);
        order = order != 0 ? order : Integer.compare(event.partition, held.partition);
        return (order != 0 ? order : Long.compare(event.offset, held.offset)) < 0;
    }

    Citation citation(int kind) {
        int at = 0;
        for (; at < inputs.size(); at++) {
            Citation found = inputs.get(at);
            if (found.kind == kind) {
                return found;
            }
            if (found.kind > kind) {
                break;
            }
        }
        Citation added = new Citation(kind);
        inputs.add(at, added);
        return added;
    }

    private boolean remember(Event event) {
        Kind kind = event.kind;
        boolean changed = header(event);
        if (kind.declares >= 0 && declared.write(event)) {
            declared.state = kind.declares;
            changed = true;
        }
        if (kind.definesItems() && definition.write(event)) {
            definition.rows = sorted(event.items);
            changed = true;
        }
        if (kind == Kind.ProductOrderItemStarted && (started == 0 || event.version < started)) {
            started = event.version;
            changed = true;
        }
        int itemState = itemState(event);
        if (itemState >= 0) {
            changed |= base(event, itemState);
        }
        if (kind.isAboutFallout()) {
            changed |= fallout(event);
        } else if (kind.isAboutCancellation()) {
            changed |= cancellation(event);
        }
        return changed;
    }

    private boolean header(Event event) {
        if (!newest.write(event)) {
            return false;
        }
        newest.timeUs = event.timeUs;
        newest.recordedUs = event.recordedUs;
        newest.number = event.text(Event.ORDER_NUMBER, newest.number);
        newest.account = event.text(Event.ACCOUNT_ID, newest.account);
        newest.quote = event.text(Event.QUOTE_ID, newest.quote);
        newest.hasQuoteVersion = event.hasQuoteVersion;
        newest.quoteVersion = event.quoteVersion;
        newest.state = event.state;
        return true;
    }

    private static Event.Row[] sorted(Event.Row[] rows) {
        Event.Row[] found = rows.clone();
        Arrays.sort(found, (one, other) -> Arrays.compareUnsigned(one.itemId(), other.itemId()));
        int kept = 0;
        for (int i = 0; i < found.length; i++) {
            // of lines with one id the last counts; the sort leaves them in their order
            if (i + 1 == found.length || !Arrays.equals(found[i].itemId(), found[i + 1].itemId())) {
                found[kept++] = found[i];
            }
        }
        return kept == found.length ? found : Arrays.copyOf(found, kept);
    }

    private static int itemState(Event event) {
        Kind kind = event.kind;
        if (kind.itemState >= 0) {
            return kind.itemState;
        }
        if (kind == Kind.ProductOrderItemFailed) {
            return Words.REPAIR_ITEM_STATE[event.repair];
        }
        if (!kind.isAboutFallout() || !event.has(Event.ITEM_ID)) {
            return -1;
        }
        if (kind == Kind.ProductOrderFalloutRaised) {
            return Words.REPAIR_ITEM_STATE[event.repair];
        }
        return event.itemState >= 0 ? event.itemState : Words.ITEM_IN_PROGRESS;
    }

    private boolean base(Event event, int state) {
        ItemBase base = item(event.text(Event.ITEM_ID, null)).base;
        if (!base.write(event)) {
            return false;
        }
        base.state = state;
        base.sinceUs = event.timeUs;
        base.eventId = event.eventId;
        base.cause = event.text(cause(event), base.cause);
        return true;
    }

    /** Which failure it was, or who is waited for. */
    private static int cause(Event event) {
        return event.length[Event.FAILURE_CODE] > 0 ? Event.FAILURE_CODE : Event.WAITING_FOR;
    }

    Item item(byte[] id) {
        int at = 0;
        for (; at < items.size(); at++) {
            int order = Arrays.compareUnsigned(items.get(at).id, id);
            if (order == 0) {
                return items.get(at);
            }
            if (order > 0) {
                break;
            }
        }
        Item added = new Item(id);
        items.add(at, added);
        return added;
    }

    private boolean fallout(Event event) {
        Fallout register = fallout(event.text(Event.FALLOUT_ID, null));
        if (!register.write(event)) {
            return false;
        }
        register.open = event.kind == Kind.ProductOrderFalloutRaised;
        register.itemId = event.text(Event.ITEM_ID, null);
        register.repair = event.repair;
        register.code = event.text(Event.FAILURE_CODE, null);
        register.sinceUs = event.timeUs;
        return true;
    }

    private Fallout fallout(byte[] id) {
        for (Fallout found : fallouts) {
            if (Arrays.equals(found.id, id)) {
                return found;
            }
        }
        Fallout added = new Fallout(id);
        fallouts.add(added);
        return added;
    }

    private boolean cancellation(Event event) {
        if (event.itemIds.length == 0) {
            return request(cancellation, event);
        }
        boolean changed = false;
        for (byte[] id : event.itemIds) {
            changed |= request(item(id).cancel, event);
        }
        return changed;
    }

    private static boolean request(Request register, Event event) {
        if (!register.write(event)) {
            return false;
        }
        register.open = event.kind == Kind.ProductOrderCancellationRequested;
        register.sinceUs = event.timeUs;
        return true;
    }
}
