package org.tweedie.io;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;

/** Decoding that refuses what is not UTF-8. */
final class Utf8 {
    private Utf8() {}

    static String strict(byte[] bytes, String file, String place) {
        CharBuffer text;
        try {
            text = StandardCharsets.UTF_8
                    .newDecoder()
                    .onMalformedInput(CodingErrorAction.REPORT)
                    .onUnmappableCharacter(CodingErrorAction.REPORT)
                    .decode(ByteBuffer.wrap(bytes));
        } catch (CharacterCodingException e) {
            throw new MalformedFileException(file, place, "is not UTF-8", e);
        }
        return text.toString();
    }

    /** True for text without lone surrogates, which is the text that UTF-8 can hold. */
    static boolean holds(String text) {
        return text.codePoints().noneMatch(point -> point >= 0xd800 && point <= 0xdfff);
    }
}
