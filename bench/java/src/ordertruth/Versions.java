package ordertruth;

import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;

/** The versions read with the hash of their content, and the further contents claimed for a version. */
final class Versions {
    private static final long[] NONE = {};

    /** Ascending; `hashes` goes with it. */
    long[] numbers = new long[8];
    long[] hashes = new long[8];
    int count;
    /** Version to the ascending hashes that lost; null while there is no conflict. */
    private TreeMap<Long, long[]> conflicts;

    /** Remember a version and content; false when both are known. */
    boolean add(long version, long hash) {
        boolean isNewest = count == 0 || version > numbers[count - 1];
        int at = isNewest ? -count - 1 : Arrays.binarySearch(numbers, 0, count, version);
        if (at < 0) {
            insert(-at - 1, version, hash);
            return true;
        }
        long[] losers = conflicts == null ? NONE : conflicts.getOrDefault(version, NONE);
        if (hashes[at] == hash || Arrays.binarySearch(losers, hash) >= 0) {
            return false;
        }
        long[] more = Arrays.copyOf(losers, losers.length + 1);
        more[losers.length] = Math.max(hashes[at], hash);
        Arrays.sort(more);
        addConflicts(version, more);
        hashes[at] = Math.min(hashes[at], hash);
        return true;
    }

    void addConflicts(long version, long[] losers) {
        conflicts = conflicts == null ? new TreeMap<>() : conflicts;
        conflicts.put(version, losers);
    }

    private void insert(int at, long version, long hash) {
        if (count == numbers.length) {
            numbers = Arrays.copyOf(numbers, 2 * count);
            hashes = Arrays.copyOf(hashes, 2 * count);
        }
        System.arraycopy(numbers, at, numbers, at + 1, count - at);
        System.arraycopy(hashes, at, hashes, at + 1, count - at);
        numbers[at] = version;
        hashes[at] = hash;
        count++;
    }

    Map<Long, long[]> conflicts() {
        return conflicts == null ? Map.of() : conflicts;
    }
}
