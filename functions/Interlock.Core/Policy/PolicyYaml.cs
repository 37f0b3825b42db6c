using System.Globalization;
using Interlock.Json;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Interlock.Core.Policy;

/// <summary>
/// YAML 1.2 (core schema) to JSON with the line of every value, for documents people write: no aliases, anchors, tags, merge keys, duplicate
/// keys or second document; at most 1 MiB, 64 levels and 100,000 values. Plain scalars that YAML readers disagree on are refused.
/// </summary>
internal sealed class PolicyYaml
{
    private const int MaxLength = 1024 * 1024;
    private const int MaxDepth = 64;
    private const int MaxNodes = 100_000;

    private readonly Dictionary<string, int> _lines = new(StringComparer.Ordinal);
    private readonly Parser _events;
    private int _nodes;

    private PolicyYaml(string yaml) => _events = new Parser(new StringReader(yaml));

    /// <summary>The value, or the first error.</summary>
    public static (JsonValue? Value, IReadOnlyDictionary<string, int> Lines, PolicyError? Error) Read(string yaml)
    {
        if (yaml.Length > MaxLength) return (null, new Dictionary<string, int>(), new(1, "", "The document is longer than 1 MiB."));
        var reader = new PolicyYaml(yaml);
        try
        {
            return (reader.Document(), reader._lines, null);
        }
        catch (RefusedException e)
        {
            return (null, reader._lines, e.Error);
        }
        catch (YamlException e)
        {
            return (null, reader._lines, new((int)e.Start.Line, "", "Not YAML: " + e.Message));
        }
    }

    private JsonValue Document()
    {
        _events.Consume<StreamStart>();
        if (!_events.TryConsume<DocumentStart>(out _)) throw Refuse("", 1, "The document is empty.");
        var value = Node("", 0);
        _events.Consume<DocumentEnd>();
        if (_events.Current is not StreamEnd) throw Refuse("", Line(_events.Current), "Only one document per file.");
        return value;
    }

    private JsonValue Node(string pointer, int depth)
    {
        var current = _events.Current;
        _lines[pointer] = Line(current);
        if (++_nodes > MaxNodes) throw Refuse(pointer, Line(current), "The document has more than 100,000 values.");
        if (depth > MaxDepth) throw Refuse(pointer, Line(current), "The document nests deeper than 64 levels.");
        if (current is AnchorAlias) throw Refuse(pointer, Line(current), "Aliases are not accepted; write the value out.");
        if (current is NodeEvent { Anchor.IsEmpty: false }) throw Refuse(pointer, Line(current), "Anchors are not accepted; write the value out.");
        if (current is NodeEvent { Tag.IsEmpty: false }) throw Refuse(pointer, Line(current), "Tags are not accepted.");
        if (_events.TryConsume<Scalar>(out var scalar)) return Value(scalar, pointer);
        if (_events.TryConsume<SequenceStart>(out _))
        {
            var array = JsonValue.EmptyArray;
            while (!_events.TryConsume<SequenceEnd>(out _)) array = array.Append(Node(JsonPointer.Append(pointer, array.Count), depth + 1));
            return array;
        }
        _events.Consume<MappingStart>();
        var result = JsonValue.EmptyObject;
        while (!_events.TryConsume<MappingEnd>(out _))
        {
            var line = Line(_events.Current);
            if (_events.Current is not Scalar { Anchor.IsEmpty: true, Tag.IsEmpty: true } key) throw Refuse(pointer, line, "A key must be a plain string.");
            _events.MoveNext();
            var at = JsonPointer.Append(pointer, key.Value);
            if (key.Value == "<<") throw Refuse(at, line, "Merge keys are not accepted; write the values out.");
            if (result.Members.Contains(key.Value)) throw Refuse(at, line, "The key stands twice.");
            result = result.With(key.Value, Node(at, depth + 1));
            _lines[at] = line;
        }
        return result;
    }

    private static JsonValue Value(Scalar scalar, string pointer)
    {
        var text = scalar.Value;
        if (text.Any(char.IsSurrogate) && !IsWellFormed(text)) throw Refuse(pointer, Line(scalar), "The text holds a lone surrogate.");
        if (scalar.Style != ScalarStyle.Plain) return text;
        switch (text)
        {
            case "" or "~" or "null" or "Null" or "NULL": return JsonValue.Null;
            case "true" or "True" or "TRUE": return JsonValue.True;
            case "false" or "False" or "FALSE": return JsonValue.False;
        }
        if (!LooksNumeric(text)) return text;
        try
        {
            if (StrictJson.Parse(text) is { IsNumber: true } number) return number;
        }
        catch (NotIJsonException)
        {
            // Refused below, with the place.
        }
        throw Refuse(pointer, Line(scalar), $"'{text}' is read as a number by some and as text by others; quote it, or write a JSON number.");
    }

    /// <summary>What YAML 1.1 or 1.2 readers may take for a number: not dates, versions or names.</summary>
    private static bool LooksNumeric(string text)
    {
        var body = text.TrimStart('+', '-');
        if (body.StartsWith("0x", StringComparison.OrdinalIgnoreCase) || body.StartsWith("0o", StringComparison.OrdinalIgnoreCase)) return true;
        if (body is ".inf" or ".Inf" or ".INF" or ".nan" or ".NaN" or ".NAN") return true;
        return body.Length > 0 && body.Any(char.IsAsciiDigit)
            && double.TryParse(body, NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out _);
    }

    private static bool IsWellFormed(string text)
    {
        foreach (var rune in text.EnumerateRunes())
            if (rune == System.Text.Rune.ReplacementChar && !text.Contains('\uFFFD', StringComparison.Ordinal)) return false;
        return true;
    }

    private static int Line(ParsingEvent? parsed) => (int)(parsed?.Start.Line ?? 1);

    private static RefusedException Refuse(string pointer, int line, string message) => new(new PolicyError(line, pointer, message));

    /// <summary>Leaves the recursive descent; never leaves this class.</summary>
    private sealed class RefusedException(PolicyError error) : Exception(error.Message)
    {
        public PolicyError Error { get; } = error;
    }
}
