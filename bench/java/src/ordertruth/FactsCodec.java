package ordertruth;

import java.util.Map;

/** The facts of an order as compact bytes for the store, and back. */
final class FactsCodec {
    private static final int FORMAT = 1;

    private final Output out = new Output();
    private final Input in = new Input();

    byte[] write(Facts facts) {
        out.size = 0;
        out.writeByte(FORMAT);
        versions(facts.versions);
        newest(facts.newest);
        register(facts.declared);
        out.writeLong(facts.declared.state);
        register(facts.definition);
        out.writeLong(facts.definition.rows.length);
        for (Event.Row row : facts.definition.rows) {
            out.writeText(row.itemId());
            out.writeLong(row.action());
            out.writeOptional(row.parentItemId());
            out.writeText(row.offeringId());
            out.writeOptional(row.productInstanceId());
        }
        request(facts.cancellation);
        out.writeLong(facts.started);
        out.writeLong(facts.items.size());
        facts.items.forEach(this::item);
        out.writeLong(facts.fallouts.size());
        facts.fallouts.forEach(this::fallout);
        out.writeLong(facts.inputs.size());
        for (Facts.Citation citation : facts.inputs) {
            out.writeLong(citation.kind);
            register(citation);
            out.writeText(citation.eventId);
            out.writeText(citation.topic);
            out.writeLong(citation.partition);
            out.writeLong(citation.offset);
        }
        return out.copy();
    }

    private void versions(Versions versions) {
        out.writeLong(versions.count);
        for (int i = 0; i < versions.count; i++) {
            out.writeLong(versions.numbers[i]);
            out.writeFixedLong(versions.hashes[i]);
        }
        out.writeLong(versions.conflicts().size());
        for (Map.Entry<Long, long[]> conflict : versions.conflicts().entrySet()) {
            out.writeLong(conflict.getKey());
            out.writeLong(conflict.getValue().length);
            for (long hash : conflict.getValue()) {
                out.writeFixedLong(hash);
            }
        }
    }

    private void register(Facts.Register register) {
        out.writeLong(register.version);
        out.writeFixedLong(register.hash);
    }

    private void newest(Facts.Newest newest) {
        register(newest);
        out.writeLong(newest.timeUs);
        out.writeLong(newest.recordedUs);
        out.writeOptional(newest.number);
        out.writeOptional(newest.account);
        out.writeOptional(newest.quote);
        out.writeByte(newest.hasQuoteVersion ? 1 : 0);
        out.writeLong(newest.quoteVersion);
        out.writeLong(newest.state);
    }

    private void request(Facts.Request request) {
        register(request);
        out.writeByte(request.open ? 1 : 0);
        out.writeLong(request.sinceUs);
    }

    private void item(Facts.Item item) {
        out.writeText(item.id);
        register(item.base);
        out.writeLong(item.base.state);
        out.writeLong(item.base.sinceUs);
        out.writeOptional(item.base.eventId);
        out.writeOptional(item.base.cause);
        request(item.cancel);
    }

    private void fallout(Facts.Fallout fallout) {
        out.writeText(fallout.id);
        register(fallout);
        out.writeByte(fallout.open ? 1 : 0);
        out.writeOptional(fallout.itemId);
        out.writeLong(fallout.repair);
        out.writeOptional(fallout.code);
        out.writeLong(fallout.sinceUs);
    }

    Facts read(byte[] stored) {
        in.reset(stored, 0);
        if (in.readByte() != FORMAT) {
            throw new IllegalStateException("The stored facts are of another format.");
        }
        Facts facts = new Facts();
        readVersions(facts.versions);
        readNewest(facts.newest);
        readRegister(facts.declared);
        facts.declared.state = in.readInt();
        readRegister(facts.definition);
        facts.definition.rows = new Event.Row[in.readInt()];
        for (int i = 0; i < facts.definition.rows.length; i++) {
            facts.definition.rows[i] = new Event.Row(
                    in.readBytes(), in.readInt(), in.readOptional(), in.readBytes(), in.readOptional());
        }
        readRequest(facts.cancellation);
        facts.started = in.readLong();
        for (int left = in.readInt(); left > 0; left--) {
            facts.items.add(readItem());
        }
        for (int left = in.readInt(); left > 0; left--) {
            facts.fallouts.add(readFallout());
        }
        for (int left = in.readInt(); left > 0; left--) {
            facts.inputs.add(readCitation());
        }
        return facts;
    }

    private void readVersions(Versions versions) {
        int count = in.readInt();
        versions.numbers = new long[count + 8];
        versions.hashes = new long[count + 8];
        versions.count = count;
        for (int i = 0; i < count; i++) {
            versions.numbers[i] = in.readLong();
            versions.hashes[i] = in.readFixedLong();
        }
        for (int left = in.readInt(); left > 0; left--) {
            long version = in.readLong();
            long[] hashes = new long[in.readInt()];
            for (int i = 0; i < hashes.length; i++) {
                hashes[i] = in.readFixedLong();
            }
            versions.addConflicts(version, hashes);
        }
    }

    private void readRegister(Facts.Register register) {
        register.version = in.readLong();
        register.hash = in.readFixedLong();
    }

    private void readNewest(Facts.Newest newest) {
        readRegister(newest);
        newest.timeUs = in.readLong();
        newest.recordedUs = in.readLong();
        newest.number = in.readOptional();
        newest.account = in.readOptional();
        newest.quote = in.readOptional();
        newest.hasQuoteVersion = in.readByte() == 1;
        newest.quoteVersion = in.readLong();
        newest.state = in.readInt();
    }

    private void readRequest(Facts.Request request) {
        readRegister(request);
        request.open = in.readByte() == 1;
        request.sinceUs = in.readLong();
    }

    private Facts.Item readItem() {
        Facts.Item item = new Facts.Item(in.readBytes());
        readRegister(item.base);
        item.base.state = in.readInt();
        item.base.sinceUs = in.readLong();
        item.base.eventId = in.readOptional();
        item.base.cause = in.readOptional();
        readRequest(item.cancel);
        return item;
    }

    private Facts.Fallout readFallout() {
        Facts.Fallout fallout = new Facts.Fallout(in.readBytes());
        readRegister(fallout);
        fallout.open = in.readByte() == 1;
        fallout.itemId = in.readOptional();
        fallout.repair = in.readInt();
        fallout.code = in.readOptional();
        fallout.sinceUs = in.readLong();
        return fallout;
    }

    private Facts.Citation readCitation() {
        Facts.Citation citation = new Facts.Citation(in.readInt());
        readRegister(citation);
        citation.eventId = in.readBytes();
        citation.topic = in.readBytes();
        citation.partition = in.readInt();
        citation.offset = in.readLong();
        return citation;
    }
}
