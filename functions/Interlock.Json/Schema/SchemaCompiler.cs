namespace Interlock.Json.Schema;

/// <summary>
/// Turns schema places into nodes, one node per place, by a work list: neither deep schemas nor recursive references
/// use the stack. Refuses references that come back to the same schema without going into the instance.
/// </summary>
internal sealed class SchemaCompiler(SchemaLibrary library, JsonSchemaOptions options)
{
    private const int PatternCost = 100;

    private readonly Dictionary<(SchemaDocument, string), SchemaNode> _nodes = [];
    private readonly Queue<SchemaNode> _pending = new();
    private readonly HashSet<SchemaResource> _reached = [];
    private readonly Dictionary<string, EcmaPattern> _patterns = new(StringComparer.Ordinal);

    public SchemaLibrary Library => library;

    public JsonSchemaOptions Options => options;

    /// <summary>How large the patterns compiled so far are together.</summary>
    public int PatternSize { get; private set; }

    /// <summary>Whether any schema has a dynamic reference, so that validation must know the resources it came through.</summary>
    public bool IsDynamic { get; set; }

    public SchemaNode Compile(SchemaPlace place)
    {
        var root = Node(place);
        while (_pending.TryDequeue(out var node)) KeywordReader.Read(node, this);
        RefuseEndlessReferences();
        return root;
    }

    public SchemaNode Node(SchemaPlace place)
    {
        if (_nodes.TryGetValue((place.Resource.Document, place.Pointer), out var known)) return known;
        if (!place.Value.IsObject && !place.Value.IsBoolean)
            throw new JsonSchemaException($"A schema is an object or a boolean, found {Quote.Found(place.Value)}.", place.Location);
        var node = new SchemaNode(place);
        _nodes.Add((place.Resource.Document, place.Pointer), node);
        if (place.Value.IsObject) _pending.Enqueue(node);
        if (_reached.Add(place.Resource))
            foreach (var name in place.Resource.DynamicAnchors) place.Resource.DynamicNodes[name] = Node(place.Resource.Anchors[name]);
        return node;
    }

    public EcmaPattern Pattern(string source, string location)
    {
        if (_patterns.TryGetValue(source, out var known)) return known;
        if (EcmaPattern.Compile(source, out var reason) is not { } pattern)
            throw new JsonSchemaException($"The pattern {Quote.Text(source)} {reason}.", location);
        PatternSize += pattern.Size + PatternCost;
        if (PatternSize > options.MaxPatternSize)
            throw new JsonSchemaException("The patterns of the schema are too many or repeat too much together; use maxLength or fewer of them.", location);
        return _patterns[source] = pattern;
    }

    private void RefuseEndlessReferences()
    {
        var done = new Dictionary<SchemaNode, bool>(); // false while the walk is inside the node
        foreach (var start in _nodes.Values)
        {
            if (done.ContainsKey(start)) continue;
            var open = new Stack<(SchemaNode Node, IEnumerator<SchemaNode> Next)>();
            Enter(start, open);
            while (open.TryPeek(out var top))
            {
                if (!top.Next.MoveNext())
                {
                    done[top.Node] = true;
                    open.Pop();
                    continue;
                }
                var next = top.Next.Current;
                if (!done.TryGetValue(next, out var finished)) Enter(next, open);
                else if (!finished)
                    throw new JsonSchemaException("The schema refers to itself without going into the instance; validation would never end.", next.Place.Location);
            }
        }

        void Enter(SchemaNode node, Stack<(SchemaNode, IEnumerator<SchemaNode>)> open)
        {
            done[node] = false;
            open.Push((node, node.Rules.SelectMany(rule => rule.InPlace).GetEnumerator()));
        }
    }
}
