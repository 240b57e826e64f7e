package tenantry.streaming;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdCompressCtx;
import java.io.IOException;
import java.util.Arrays;
import org.apache.flink.api.common.serialization.BulkWriter;
import org.apache.flink.core.fs.FSDataOutputStream;

/**
 * Writes the rows' lines into a file of Zstandard frames, one after the other.
 *
 * <p>Each file has a block of lines in memory, and all files of a task share one compressor: with a compressor each, a
 * thousand tenants would take a gigabyte outside the heap.
 */
public final class Lines implements BulkWriter.Factory<Row> {
    private static final long serialVersionUID = 2L;
    /** The quickest level leaves a quarter of the bytes already (benchmarks/streaming). */
    static final int LEVEL = 1;

    private static final int BLOCK = 128 * 1024;
    private static final int FIRST = 8 * 1024;

    private transient ZstdCompressCtx compressor;
    private transient byte[] packed;

    @Override
    public BulkWriter<Row> create(FSDataOutputStream file) {
        return new Writer(file);
    }

    private void pack(byte[] block, int length, FSDataOutputStream file) throws IOException {
        if (compressor == null) {
            compressor = new ZstdCompressCtx().setLevel(LEVEL).setChecksum(true);
            packed = new byte[0];
        }
        int most = Math.toIntExact(Zstd.compressBound(length));
        if (packed.length < most) {
            packed = new byte[most];
        }
        file.write(packed, 0, compressor.compressByteArray(packed, 0, packed.length, block, 0, length));
    }

    private final class Writer implements BulkWriter<Row> {
        private final FSDataOutputStream file;
        private byte[] block = new byte[FIRST];
        private int length;

        Writer(FSDataOutputStream file) {
            this.file = file;
        }

        @Override
        public void addElement(Row row) throws IOException {
            int needed = row.line.length + 1;
            if (length > 0 && length + needed > BLOCK) {
                pack(block, length, file);
                length = 0;
            }
            if (length + needed > block.length) {
                block = Arrays.copyOf(block, Math.max(length + needed, Math.min(2 * block.length, BLOCK)));
            }
            System.arraycopy(row.line, 0, block, length, row.line.length);
            length += needed;
            block[length - 1] = '\n';
        }

        @Override
        public void flush() {
            // What is not finished is not part of any checkpoint: files end with each of them.
        }

        @Override
        public void finish() throws IOException {
            pack(block, length, file);
            length = 0;
        }
    }
}
