using System.Text;
using CsCheck;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>Text that breaks careless tokenizers.</summary>
internal static class HostileText
{
    /// <summary>Gets samples by name, so that a failing test says which.</summary>
    public static IReadOnlyDictionary<string, string> Samples { get; } = new Dictionary<string, string>
    {
        ["empty"] = "",
        ["plain"] = "The quick brown fox isn't 12,345.67 times as quick as the lazy dog's.",
        ["white space"] = " \t\r\n\n  \u00A0\u2003\u3000  end   ",
        ["only white space"] = "   \n ",
        ["nul and controls"] = "a\0b\u0001\u001F\u007F\u0085\uFEFFc",
        ["line ends"] = "one\r\ntwo\rthree\nfour\u2028five",
        ["combining marks"] = "e\u0301 \u0928\u092E\u0938\u094D\u0924\u0947 Z\u0351\u036B\u0343\u036A\u0301\u0336",
        ["right to left"] = "\u05E9\u05DC\u05D5\u05DD \u200F\u0645\u0631\u062D\u0628\u0627\u200E 123 \u202Eabc\u202C",
        ["emoji"] = "👩‍👩‍👧‍👦👍🏽🏳️‍🌈🇺🇳",
        ["no spaces"] = "日本語の文章には空白がありません。ภาษาไทยก็เช่นกัน",
        ["planes"] = Planes(),
        ["noncharacters"] = "\uFFFE\uFFFF\uFDD0\U0010FFFF",
        ["special token names"] = "<|endoftext|><|user|></s><s><unk><0x41>▁Ġ",
        ["long word"] = new('x', 5000),
        ["long astral word"] = string.Concat(Enumerable.Repeat("𝒳", 3001)),
        ["long white space"] = new string(' ', 5000) + "x",
    };

    /// <summary>Gets a generator of strings of whole characters from every plane, often the same ones.</summary>
    public static Gen<string> WellFormed { get; } = Gen.Frequency(
            (6, Gen.Int[0, 0x7F]),
            (3, Gen.Int[0x80, 0xD7FF]),
            (1, Gen.Int[0xE000, 0x10FFFF]))
        .Select(value => new Rune(value).ToString())
        .List[0, 40]
        .Select(string.Concat);

    /// <summary>Gets a generator of any sequences of UTF-16 units, most of them broken.</summary>
    public static Gen<string> Broken { get; } = Gen.OneOf(
            Gen.Char['\uD7F0', '\uE010'],
            Gen.Char[' ', 'z'])
        .Array[0, 40]
        .Select(characters => new string(characters));

    /// <summary>What every tokenizer gives back: the text, with U+FFFD for unpaired surrogates.</summary>
    public static string Repaired(string text) => string.Concat(text.EnumerateRunes());

    private static string Planes() => string.Concat(
        Enumerable.Range(0, 17).SelectMany(plane => new[] { 0x41, 0x3041, 0xFFFD }
            .Select(offset => new Rune((plane << 16) | offset).ToString())));
}
