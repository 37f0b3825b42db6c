using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Interlock.Core;
using Interlock.Core.Registry;
using Interlock.Json;

namespace Interlock.Local.Commands;

/// <summary>How commands answer: results as JSON on stdout, problems as RFC 7807 on stderr, and the exit codes.</summary>
internal static class Output
{
    public const int Ok = 0;
    public const int Failed = 1;
    public const int Usage = 2;

    /// <summary>A person rejected the gate.</summary>
    public const int Rejected = 3;

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static void Json(TextWriter writer, JsonValue value) => writer.WriteLine(Pretty(value));

    public static int Problem(TextWriter writer, Problem problem)
    {
        Json(writer, problem.ToJson());
        return Failed;
    }

    /// <summary>What a change of the registry wrote, an entry a line, or why it is none.</summary>
    public static int Registered(RegistryResult result)
    {
        if (result is RegistryResult.Refused refused) return Problem(Console.Error, refused.Problem);
        foreach (var entry in ((RegistryResult.Changed)result).Entries) // the only other case
            Console.WriteLine(Plain($"{entry.Kind.ToString().ToLowerInvariant()} {entry.Name} {entry.Version} {entry.Lifecycle.ToString().ToLowerInvariant()}{(entry.Reason is null ? "" : $" ({entry.Reason})")}"));
        return Ok;
    }

    /// <summary>The command was not given as it is to be.</summary>
    public static int Misused(string text)
    {
        Console.Error.WriteLine(text);
        return Usage;
    }

    /// <summary>The text with what could steer a terminal made visible.</summary>
    public static string Plain(string text)
    {
        var plain = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length;)
        {
            var isWhole = Rune.TryGetRuneAt(text, i, out var rune);
            plain.Append(isWhole && !HiddenCharacters.Contains(rune) ? rune.ToString() : HiddenCharacters.Escape(isWhole ? rune.Value : text[i]));
            i += isWhole ? rune.Utf16SequenceLength : 1;
        }
        return plain.ToString();
    }

    private static string Pretty(JsonValue value) => JsonSerializer.Serialize(value, Indented);
}
