using System.Collections.Concurrent;
using System.Collections.Immutable;
using Interlock.Core.Registry;
using Interlock.Json;
using Interlock.Json.Schema;

namespace Interlock.Core.Gateway.Results;

/// <summary>
/// Blanks out what the operator named: values by path in a tool's output, text by pattern anywhere in its result. What is blanked by path is blanked in text blocks
/// too: where they hold JSON, at the same path; and wherever they repeat a blanked text of at least 4 characters. Names of members stay. Used once.
/// </summary>
internal sealed class Redactor
{
    public const string Blank = "[redacted]";

    private const int LeastRepeated = 4;
    private const int MaxRepeated = 256;
    private const int MaxPatterns = 1024;
    private const string Any = "*";

    private static readonly ConcurrentDictionary<string, TextPattern> Patterns = new(StringComparer.Ordinal);

    private readonly List<(IReadOnlyList<string>? Path, TextPattern? Pattern)> _rules;
    private readonly HashSet<string> _blanked = new(StringComparer.Ordinal);

    /// <exception cref="JsonSchemaException">A pattern can't be run.</exception>
    /// <exception cref="FormatException">A path is no JSON Pointer.</exception>
    public Redactor(ImmutableArray<Redaction> redactions) =>
        _rules = [.. redactions.Select(redaction => (redaction.Path is null ? null : JsonPointer.Parse(redaction.Path), redaction.Pattern is null ? null : Compiled(redaction.Pattern)))];

    /// <summary>Whether it says that what the operator named can't be looked for.</summary>
    public static bool IsUnfit(Exception e) => e is JsonSchemaException or FormatException or ArgumentException;

    /// <summary>How many values were changed.</summary>
    public int Count { get; private set; }

    /// <summary>An output that is all there is.</summary>
    public JsonValue Output(JsonValue output) => Everywhere(Text(Paths(output)));

    /// <summary>A method's whole result; its output is read from it again.</summary>
    public JsonValue Result(JsonValue result)
    {
        if (result["structuredContent"] is { IsNull: false } structured) result = result.With("structuredContent", Paths(structured));
        else if (result["content"] is null) result = Paths(result);
        else if (MethodResult.Output(result) is { IsArray: true } content) result = result.With("content", Paths(content));
        if (result["content"] is { IsArray: true } blocks)
            result = result.With("content", JsonValue.Array(blocks.Items.Select(Block)));
        return Everywhere(result);
    }

    /// <summary>What the patterns without a path find.</summary>
    public JsonValue Everywhere(JsonValue value)
    {
        foreach (var (_, pattern) in _rules.Where(rule => rule.Path is null)) value = Find(value, pattern);
        return value;
    }

    /// <summary>A block of text, or of an embedded resource that is text.</summary>
    private JsonValue Block(JsonValue block) => block["text"] is { IsString: true } text ? block.With("text", Text(text))
        : block["resource"] is { IsObject: true } resource ? block.With("resource", Block(resource))
        : block;

    private JsonValue Paths(JsonValue value)
    {
        foreach (var (path, pattern) in _rules)
            if (path is not null) value = At(value, path, 0, pattern);
        return value;
    }

    /// <summary>A text that is JSON is redacted as that.</summary>
    private JsonValue Text(JsonValue value)
    {
        if (value.StringOrNull() is not { } text) return value;
        if (text.AsSpan().TrimStart() is ['{' or '[', ..] && TryParse(text) is { } json)
        {
            var count = Count;
            json = Paths(json);
            if (Count > count) text = json.ToString();
        }
        else if (_rules.Any(rule => rule.Path is { Count: 0 }))
        {
            return Paths(value);
        }
        foreach (var blanked in _blanked.OrderByDescending(blanked => blanked.Length)) text = text.Replace(blanked, Blank, StringComparison.Ordinal);
        return text == value.AsString() ? value : text;
    }

    private JsonValue At(JsonValue value, IReadOnlyList<string> path, int depth, TextPattern? pattern)
    {
        if (depth == path.Count) return pattern is null ? Blanked(value) : Find(value, pattern);
        var segment = path[depth];
        if (value.IsObject)
        {
            return segment == Any
                ? JsonValue.Object(value.Members.Select(member => KeyValuePair.Create(member.Key, At(member.Value, path, depth + 1, pattern))))
                : value[segment] is { } member ? value.With(segment, At(member, path, depth + 1, pattern)) : value;
        }
        if (!value.IsArray) return value;
        if (segment == Any) return JsonValue.Array(value.Items.Select(item => At(item, path, depth + 1, pattern)));
        return int.TryParse(segment, System.Globalization.NumberStyles.None, null, out var index) && value[index] is { } found ? value.WithItem(index, At(found, path, depth + 1, pattern)) : value;
    }

    private JsonValue Blanked(JsonValue value)
    {
        if (value.IsNull || value.StringOrNull() == Blank) return value;
        Remember(value);
        Count++;
        return Blank;
    }

    private void Remember(JsonValue value)
    {
        if (value.IsObject) foreach (var member in value.Members) Remember(member.Value);
        else if (value.IsArray) foreach (var item in value.Items) Remember(item);
        else if ((value.IsString || value.IsNumber) && (value.StringOrNull() ?? value.ToString()) is { Length: >= LeastRepeated } text && _blanked.Count < MaxRepeated) _blanked.Add(text);
    }

    private JsonValue Find(JsonValue value, TextPattern? pattern)
    {
        if (pattern is null) return value;
        if (value.IsObject) return JsonValue.Object(value.Members.Select(member => KeyValuePair.Create(member.Key, Find(member.Value, pattern))));
        if (value.IsArray) return JsonValue.Array(value.Items.Select(item => Find(item, pattern)));
        if (value.StringOrNull() is not { } text || pattern.Replace(text, Blank) is var replaced && replaced == text) return value;
        Count++;
        return replaced;
    }

    private static JsonValue? TryParse(string text)
    {
        try
        {
            return StrictJson.ParseLenient(text);
        }
        catch (NotIJsonException)
        {
            return null;
        }
    }

    private static TextPattern Compiled(string source)
    {
        if (Patterns.Count > MaxPatterns) Patterns.Clear();
        return Patterns.GetOrAdd(source, TextPattern.Compile);
    }
}
