package org.tweedie.io;

import java.awt.image.BufferedImage;
import java.awt.image.IndexColorModel;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageTypeSpecifier;
import javax.imageio.ImageWriter;
import javax.imageio.metadata.IIOMetadata;
import javax.imageio.metadata.IIOMetadataNode;
import javax.imageio.stream.MemoryCacheImageOutputStream;

/**
 * Pictures one after another as a GIF that repeats for ever. A frame of up to 256 colours keeps them exactly; others are
 * rounded to a 6 x 6 x 6 cube. Alpha is ignored. Stateless.
 */
public final class AnimatedGif {
    private static final int CUBE = 6;

    private AnimatedGif() {}

    /**
     * Writes a file.
     *
     * @param frames of one size; asked for one at a time
     * @param milliseconds between frames, at least 10, rounded to hundredths of a second
     */
    public static void write(Output output, Iterable<Raster> frames, int milliseconds) throws IOException {
        try (AtomicFile file = AtomicFile.create(output)) {
            encode(frames, milliseconds, file.stream());
            file.publish();
        }
    }

    /** The bytes of a file. */
    public static byte[] encode(Iterable<Raster> frames, int milliseconds) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try {
            encode(frames, milliseconds, bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    private static void encode(Iterable<Raster> frames, int milliseconds, OutputStream to) throws IOException {
        if (milliseconds < 10 || milliseconds > 600_000) {
            throw new IllegalArgumentException(
                    "milliseconds between frames must be within 10 and 600000, got " + milliseconds);
        }
        ImageWriter writer = ImageIO.getImageWritersByFormatName("gif").next();
        try (MemoryCacheImageOutputStream out = new MemoryCacheImageOutputStream(to)) {
            writer.setOutput(out);
            writer.prepareWriteSequence(null);
            Raster first = null;
            for (Raster frame : frames) {
                first = first == null ? frame : first;
                if (frame.width() != first.width() || frame.height() != first.height()) {
                    throw new IllegalArgumentException("frames differ in size: " + first.width() + " x "
                            + first.height() + " and " + frame.width() + " x " + frame.height());
                }
                BufferedImage image = indexed(frame);
                writer.writeToSequence(new IIOImage(image, null, metadata(writer, image, milliseconds / 10)), null);
                out.flushBefore(out.getStreamPosition());
            }
            if (first == null) {
                throw new IllegalArgumentException("a GIF needs at least one frame");
            }
            writer.endWriteSequence();
        } finally {
            writer.dispose();
        }
    }

    private static BufferedImage indexed(Raster frame) {
        Map<Integer, Integer> palette = new HashMap<>();
        byte[] pixels = new byte[frame.argb().length];
        boolean exact = true;
        for (int i = 0; i < pixels.length && exact; i++) {
            int colour = frame.argb()[i] & 0xffffff;
            Integer index = palette.get(colour);
            if (index == null) {
                index = palette.size();
                exact = index < 256;
                palette.put(colour, index);
            }
            pixels[i] = index.byteValue();
        }
        int[] colours = new int[exact ? palette.size() : CUBE * CUBE * CUBE];
        if (exact) {
            palette.forEach((colour, index) -> colours[index] = colour);
        } else {
            Arrays.setAll(colours, i -> i / (CUBE * CUBE) * 51 << 16 | i / CUBE % CUBE * 51 << 8 | i % CUBE * 51);
            for (int i = 0; i < pixels.length; i++) {
                int colour = frame.argb()[i];
                pixels[i] = (byte) ((level(colour >> 16) * CUBE + level(colour >> 8)) * CUBE + level(colour));
            }
        }
        IndexColorModel model =
                new IndexColorModel(8, colours.length, colours, 0, false, -1, java.awt.image.DataBuffer.TYPE_BYTE);
        BufferedImage image = new BufferedImage(frame.width(), frame.height(), BufferedImage.TYPE_BYTE_INDEXED, model);
        image.getRaster().setDataElements(0, 0, frame.width(), frame.height(), pixels);
        return image;
    }

    private static int level(int channel) {
        return ((channel & 0xff) + 25) / 51;
    }

    private static IIOMetadata metadata(ImageWriter writer, BufferedImage image, int hundredths) throws IOException {
        IIOMetadata metadata = writer.getDefaultImageMetadata(ImageTypeSpecifier.createFromRenderedImage(image), null);
        String format = metadata.getNativeMetadataFormatName();
        IIOMetadataNode root = new IIOMetadataNode(format);
        IIOMetadataNode control = new IIOMetadataNode("GraphicControlExtension");
        control.setAttribute("disposalMethod", "none");
        control.setAttribute("userInputFlag", "FALSE");
        control.setAttribute("transparentColorFlag", "FALSE");
        control.setAttribute("delayTime", Integer.toString(hundredths));
        control.setAttribute("transparentColorIndex", "0");
        root.appendChild(control);
        root.appendChild(colours((IndexColorModel) image.getColorModel()));
        IIOMetadataNode extensions = new IIOMetadataNode("ApplicationExtensions");
        IIOMetadataNode loop = new IIOMetadataNode("ApplicationExtension");
        loop.setAttribute("applicationID", "NETSCAPE");
        loop.setAttribute("authenticationCode", "2.0");
        loop.setUserObject(new byte[] {1, 0, 0});
        extensions.appendChild(loop);
        root.appendChild(extensions);
        metadata.mergeTree(format, root);
        return metadata;
    }

    /** Without its own table a frame of a sequence is written with its indices and a table of the writer's. */
    private static IIOMetadataNode colours(IndexColorModel model) {
        int size = Math.max(2, Integer.highestOneBit(model.getMapSize() - 1) * 2);
        IIOMetadataNode table = new IIOMetadataNode("LocalColorTable");
        table.setAttribute("sizeOfLocalColorTable", Integer.toString(size));
        table.setAttribute("sortFlag", "FALSE");
        for (int i = 0; i < size; i++) {
            int colour = model.getRGB(Math.min(i, model.getMapSize() - 1));
            IIOMetadataNode entry = new IIOMetadataNode("ColorTableEntry");
            entry.setAttribute("index", Integer.toString(i));
            entry.setAttribute("red", Integer.toString(colour >> 16 & 0xff));
            entry.setAttribute("green", Integer.toString(colour >> 8 & 0xff));
            entry.setAttribute("blue", Integer.toString(colour & 0xff));
            table.appendChild(entry);
        }
        return table;
    }
}
