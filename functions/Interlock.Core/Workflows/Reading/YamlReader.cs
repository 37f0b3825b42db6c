using System.Text;
using Interlock.Json;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Interlock.Core.Workflows.Reading;

/// <summary>A text that is no document: rule <c>yaml</c> or <c>not-i-json</c>, with the place.</summary>
internal sealed class YamlRefusedException(string rule, string message, SourcePosition position, string pointer) : FormatException(message)
{
    public string Rule { get; } = rule;
    public SourcePosition Position { get; } = position;
    public string Pointer { get; } = pointer;
}

/// <summary>
/// One YAML 1.2 document (core schema, JSON included) as a <see cref="JsonValue"/> and where everything in it stands. Only what JSON
/// can say: no aliases, anchors, tags, merge keys, second documents, duplicate or complex keys. Bounded in bytes, depth and nodes, because
/// a text is read before anyone is authorized.
/// </summary>
internal static class YamlReader
{
    public const int MaxBytes = 1024 * 1024;
    public const int MaxDepth = 200;
    public const int MaxNodes = 100_000;

    /// <exception cref="YamlRefusedException">The text is no such document, or over a limit.</exception>
    public static (JsonValue Value, SourceMap Map) Read(string text)
    {
        if (text.Length > MaxBytes || Encoding.UTF8.GetByteCount(text) > MaxBytes)
            throw new YamlRefusedException("yaml", "the document is larger than 1 MiB; split it into several workflows", new(1, 1), "");
        try
        {
            return new Reading(new Parser(new StringReader(text))).Document();
        }
        catch (YamlException e)
        {
            var place = Position(e.Start);
            var last = text.AsSpan().TrimEnd('\n').Count('\n') + 1; // what is missing at the end is reported after it
            throw new YamlRefusedException("yaml", Reason(e), place.Line > last ? new(last, 1) : place, "");
        }
    }

    private static SourcePosition Position(Mark mark) => new((int)Math.Max(1, mark.Line), (int)Math.Max(1, mark.Column));

    private static string Reason(YamlException e)
    {
        var message = e.Message;
        var end = message.IndexOf("): ", StringComparison.Ordinal); // "(Line: …, Idx: …) - (Line: …): reason" before YamlDotNet 13
        var reason = message.StartsWith("(Line", StringComparison.Ordinal) && end >= 0 ? message[(end + 3)..] : message;
        return "not YAML: " + (reason.Length > 200 ? reason[..200] + "…" : reason);
    }

    private sealed class Reading(IParser parser)
    {
        private readonly List<string> _path = [];
        private int _nodes;

        public (JsonValue, SourceMap) Document()
        {
            Next<StreamStart>();
            if (parser.MoveNext() && parser.Current is StreamEnd)
                throw Refuse("the document is empty; a workflow has at least document and do", parser.Current);
            parser.MoveNext();
            var (value, map) = Node(Current, default);
            Next<DocumentEnd>();
            if (parser.MoveNext() && parser.Current is not StreamEnd)
                throw Refuse("there is a second document after '---'; a file holds one workflow", Current);
            return (value, map);
        }

        private ParsingEvent Current => parser.Current ?? throw new InvalidOperationException("The parser gave no event.");

        private void Next<T>() where T : ParsingEvent
        {
            if (!parser.MoveNext() || parser.Current is not T)
                throw new InvalidOperationException($"The parser gave {parser.Current} where {typeof(T).Name} was due.");
        }

        /// <summary>Reads the node whose first event is current, and leaves its last one current.</summary>
        private (JsonValue, SourceMap) Node(ParsingEvent first, SourcePosition key)
        {
            if (++_nodes > MaxNodes) throw Refuse($"the document has more than {MaxNodes:N0} nodes", first);
            if (first is AnchorAlias alias)
                throw Refuse($"the alias *{alias.Value} is not allowed: write the value out, or put what is shared under 'use'", first);
            Plain((NodeEvent)first);
            var value = Position(first.Start);
            var at = key == default ? value : key;
            return first switch
            {
                Scalar scalar => (ScalarValue(scalar), new SourceMap(at, value, Form(scalar))),
                SequenceStart => Items(new SourceMap(at, value, ScalarForm.None)),
                _ => Members(new SourceMap(at, value, ScalarForm.None)),
            };
        }

        private (JsonValue, SourceMap) Items(SourceMap map)
        {
            Deeper();
            var array = JsonValue.EmptyArray;
            while (parser.MoveNext() && Current is not SequenceEnd)
            {
                _path.Add(array.Count.ToString(System.Globalization.CultureInfo.InvariantCulture));
                var (item, itemMap) = Node(Current, default);
                _path.RemoveAt(_path.Count - 1);
                map.Add(array.Count, itemMap);
                array = array.Append(item);
            }
            return (array, map);
        }

        private (JsonValue, SourceMap) Members(SourceMap map)
        {
            Deeper();
            var result = JsonValue.EmptyObject;
            while (parser.MoveNext() && Current is not MappingEnd)
            {
                var name = Name(Current);
                if (result.Members.Contains(name)) throw Refuse($"the name '{Shorten(name)}' stands twice in one object", Current);
                var key = Position(Current.Start);
                _path.Add(name);
                parser.MoveNext();
                var (member, memberMap) = Node(Current, key);
                _path.RemoveAt(_path.Count - 1);
                map.Add(name, memberMap);
                result = result.With(name, member);
            }
            return (result, map);
        }

        private string Name(ParsingEvent key)
        {
            if (++_nodes > MaxNodes) throw Refuse($"the document has more than {MaxNodes:N0} nodes", key);
            if (key is AnchorAlias) throw Refuse("an alias is not allowed as a name", key);
            if (key is not Scalar scalar) throw Refuse("a name must be a plain text, not a list or an object", key);
            Plain(scalar);
            if (scalar is { Style: ScalarStyle.Plain, Value: "<<" })
                throw Refuse("the merge key << is not allowed: write the members out", key);
            return Whole(scalar.Value, key);
        }

        private void Plain(NodeEvent node)
        {
            if (!node.Anchor.IsEmpty) throw Refuse($"the anchor &{node.Anchor.Value} is not allowed: write the value out where it is needed", node);
            if (!node.Tag.IsEmpty) throw Refuse($"the tag {Shorten(node.Tag.ToString())} is not allowed: the value says what it is", node);
        }

        private void Deeper()
        {
            if (_path.Count >= MaxDepth) throw Refuse($"the document nests deeper than {MaxDepth} levels", Current);
        }

        private JsonValue ScalarValue(Scalar scalar)
        {
            if (scalar.Style != ScalarStyle.Plain) return JsonValue.From(Whole(scalar.Value, scalar));
            try
            {
                return CoreSchema.Resolve(scalar.Value) ?? JsonValue.From(Whole(scalar.Value, scalar));
            }
            catch (NotIJsonException e)
            {
                throw new YamlRefusedException("not-i-json", e.Message, Position(scalar.Start), JsonPointer.Format(_path));
            }
        }

        /// <summary>A text without lone surrogates: they have no UTF-8 form.</summary>
        private string Whole(string text, ParsingEvent at)
        {
            for (var i = 0; i < text.Length; i++)
            {
                if (!char.IsSurrogate(text[i])) continue;
                if (i + 1 < text.Length && char.IsSurrogatePair(text[i], text[i + 1])) i++;
                else throw new YamlRefusedException("not-i-json", "the text holds a lone surrogate", Position(at.Start), JsonPointer.Format(_path));
            }
            return text;
        }

        private static ScalarForm Form(Scalar scalar) => scalar.Style switch
        {
            ScalarStyle.SingleQuoted or ScalarStyle.DoubleQuoted => ScalarForm.Quoted,
            ScalarStyle.Literal or ScalarStyle.Folded => ScalarForm.Block,
            _ => ScalarForm.Plain,
        };

        private YamlRefusedException Refuse(string message, ParsingEvent at) =>
            new("yaml", message, Position(at.Start), JsonPointer.Format(_path));

        private static string Shorten(string text) => text.Length <= 40 ? text : text[..40] + "…";
    }
}
