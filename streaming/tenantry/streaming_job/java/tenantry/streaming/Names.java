package tenantry.streaming;

import java.util.Arrays;
import java.util.concurrent.ThreadLocalRandom;

/** The names of one record's objects: says whether a name was in the same object before. */
final class Names {
    private static final int FIRST = 64;

    // A tenant that does not know the factor cannot choose names that are slow to find.
    private final long factor = ThreadLocalRandom.current().nextLong() | 1;
    private int count;
    private int[] table = new int[2 * FIRST];
    private int[] places = new int[FIRST];
    private int[] objects = new int[FIRST];
    private long[] hashes = new long[FIRST];
    private byte[][] sources = new byte[FIRST][];
    private int[] starts = new int[FIRST];
    private int[] ends = new int[FIRST];

    void clear() {
        for (int number = 0; number < count; number++) {
            table[places[number]] = 0;
            sources[number] = null;
        }
        count = 0;
    }

    /** Adds a name, in UTF-8 and without escapes, and returns false if the object has it already. */
    boolean add(int object, byte[] source, int start, int end) {
        long hash = object;
        for (int at = start; at < end; at++) {
            hash = hash * factor + source[at];
        }
        if (count == places.length) {
            grow();
        }
        int place = place(hash);
        for (int found = table[place]; found != 0; found = table[place]) {
            int other = found - 1;
            if (hashes[other] == hash
                    && objects[other] == object
                    && Arrays.equals(sources[other], starts[other], ends[other], source, start, end)) {
                return false;
            }
            place = place + 1 & table.length - 1;
        }
        objects[count] = object;
        hashes[count] = hash;
        sources[count] = source;
        starts[count] = start;
        ends[count] = end;
        places[count] = place;
        table[place] = ++count;
        return true;
    }

    private int place(long hash) {
        long mixed = (hash ^ hash >>> 32) * 0x9E3779B97F4A7C15L;
        return (int) (mixed >>> 32) & table.length - 1;
    }

    private void grow() {
        int length = 2 * count;
        table = new int[2 * length];
        places = Arrays.copyOf(places, length);
        objects = Arrays.copyOf(objects, length);
        hashes = Arrays.copyOf(hashes, length);
        sources = Arrays.copyOf(sources, length);
        starts = Arrays.copyOf(starts, length);
        ends = Arrays.copyOf(ends, length);
        for (int number = 0; number < count; number++) {
            int place = place(hashes[number]);
            while (table[place] != 0) {
                place = place + 1 & table.length - 1;
            }
            table[place] = number + 1;
            places[number] = place;
        }
    }
}
