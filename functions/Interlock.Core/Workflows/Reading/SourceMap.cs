using System.Globalization;
using Interlock.Json;

namespace Interlock.Core.Workflows.Reading;

/// <summary>A place in the text; both parts 1-based, 0 when unknown.</summary>
internal readonly record struct SourcePosition(int Line, int Column);

/// <summary>How a scalar was written: decides where its first character stands.</summary>
internal enum ScalarForm
{
    None,
    Plain,
    Quoted,
    Block,
}

/// <summary>
/// Where the members and items of a document stand. A tree beside the value, not a table of pointers, so that its size is
/// linear in the text however long the names are.
/// </summary>
internal sealed class SourceMap(SourcePosition key, SourcePosition value, ScalarForm form)
{
    private readonly Dictionary<string, SourceMap> _children = new(StringComparer.Ordinal);

    public static SourceMap None { get; } = new(default, default, ScalarForm.None);

    /// <summary>Where the member's name stands; for an item or the root, its value.</summary>
    public SourcePosition Key { get; } = key;

    public SourcePosition Value { get; } = value;

    public ScalarForm Form { get; } = form;

    public void Add(string name, SourceMap child) => _children.Add(name, child);

    public void Add(int index, SourceMap child) => _children.Add(index.ToString(CultureInfo.InvariantCulture), child);

    /// <summary>The node at the pointer, or the deepest one on the way to it.</summary>
    public SourceMap Nearest(string pointer)
    {
        var node = this;
        foreach (var token in JsonPointer.Parse(pointer))
        {
            if (!node._children.TryGetValue(token, out var child)) return node;
            node = child;
        }
        return node;
    }
}
