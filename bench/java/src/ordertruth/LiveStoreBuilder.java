package ordertruth;

import java.util.Map;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.state.KeyValueBytesStoreSupplier;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;

/** Builds live stores over memory or RocksDB, with their changelog. */
final class LiveStoreBuilder implements StoreBuilder<LiveStore> {
    private final StoreBuilder<KeyValueStore<Bytes, byte[]>> inner;
    private final int liveMax;

    LiveStoreBuilder(KeyValueBytesStoreSupplier supplier, int liveMax) {
        inner = Stores.keyValueStoreBuilder(supplier, Serdes.Bytes(), Serdes.ByteArray())
                .withCachingDisabled()
                .withLoggingEnabled(Map.of());
        this.liveMax = liveMax;
    }

    @Override
    public LiveStore build() {
        return new LiveStore(inner.build(), liveMax);
    }

    @Override
    public StoreBuilder<LiveStore> withCachingEnabled() {
        return this;
    }

    @Override
    public StoreBuilder<LiveStore> withCachingDisabled() {
        return this;
    }

    @Override
    public StoreBuilder<LiveStore> withLoggingEnabled(Map<String, String> config) {
        inner.withLoggingEnabled(config);
        return this;
    }

    @Override
    public StoreBuilder<LiveStore> withLoggingDisabled() {
        inner.withLoggingDisabled();
        return this;
    }

    @Override
    public Map<String, String> logConfig() {
        return inner.logConfig();
    }

    @Override
    public boolean loggingEnabled() {
        return inner.loggingEnabled();
    }

    @Override
    public String name() {
        return inner.name();
    }
}
