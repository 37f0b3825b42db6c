namespace Interlock.Json.Schema;

/// <summary><c>properties</c>, <c>patternProperties</c> and <c>additionalProperties</c>, in one pass over the members.</summary>
internal sealed class MembersRule(
    SchemaPlace place,
    Dictionary<string, SchemaNode> properties,
    (EcmaPattern Pattern, SchemaNode Node)[] patterns,
    SchemaNode? additional) : Rule(place, "properties")
{
    public Dictionary<string, SchemaNode> Properties => properties;

    public override bool Check(JsonValue instance, Evaluation run, EvaluatedSet? seen)
    {
        if (!instance.IsObject) return true;
        var valid = true;
        for (var i = 0; i < instance.Count; i++)
        {
            var (name, member) = instance.Members[i];
            if (Member(name, member, i, instance, run, seen)) continue;
            valid = false;
            if (!run.Collecting) return false;
        }
        return valid;
    }

    private bool Member(string name, JsonValue member, int index, JsonValue instance, Evaluation run, EvaluatedSet? seen)
    {
        var (known, valid) = (false, true);
        if (properties.TryGetValue(name, out var node))
        {
            known = true;
            valid = run.ApplyMember(node, name, member);
        }
        foreach (var (pattern, patterned) in patterns)
        {
            if (!pattern.IsMatch(name, run)) continue;
            known = true;
            valid &= run.ApplyMember(patterned, name, member);
        }
        if (!known && additional is not null)
        {
            known = true;
            valid = additional.IsFalse
                ? run.Fail(additional.Place.Location, "additionalProperties", run.Collecting ? Unknown(name, instance, properties.Keys) : "")
                : run.ApplyMember(additional, name, member);
        }
        if (known) seen?.Mark(index);
        return valid && run.Halted is null;
    }

    public static string Unknown(string name, JsonValue instance, IReadOnlyCollection<string> allowed)
    {
        if (allowed.Count == 0) return $"unknown property {Quote.Text(name)}: no properties are allowed here";
        var near = Quote.DidYouMean(name, allowed.Where(candidate => instance[candidate] is null));
        return $"unknown property {Quote.Text(name)}, allowed: {Quote.Names(allowed)}{near}";
    }
}

internal sealed class RequiredRule(SchemaPlace place, string[] names) : Rule(place, "required")
{
    public string[] Names => names;

    public override bool Check(JsonValue instance, Evaluation run, EvaluatedSet? seen)
    {
        if (!instance.IsObject) return true;
        foreach (var name in names)
        {
            if (instance.Members.Contains(name)) continue;
            if (!run.Collecting) return false;
            var missing = names.Where(n => !instance.Members.Contains(n)).ToList();
            run.Fail(Location, Keyword, $"missing {(missing.Count == 1 ? "property" : "properties")} {Quote.Names(missing)}, found {Present(instance)}");
            return false;
        }
        return true;
    }

    public static string Present(JsonValue instance) => instance.Count == 0 ? "an empty object" : Quote.Names(instance.Members.Names);
}

/// <summary><c>dependentRequired</c>, and the arrays of draft-07's <c>dependencies</c>.</summary>
internal sealed class DependentRequiredRule(SchemaPlace place, string keyword, (string Name, string[] Needed)[] dependencies) : Rule(place, keyword)
{
    public override bool Check(JsonValue instance, Evaluation run, EvaluatedSet? seen)
    {
        if (!instance.IsObject) return true;
        var valid = true;
        foreach (var (name, needed) in dependencies)
        {
            if (!instance.Members.Contains(name)) continue;
            foreach (var other in needed)
            {
                if (instance.Members.Contains(other)) continue;
                if (!run.Collecting) return false;
                valid = run.Fail(Location, Keyword, $"missing property {Quote.Text(other)}, required beside {Quote.Text(name)}, found {RequiredRule.Present(instance)}");
            }
        }
        return valid;
    }
}

/// <summary><c>dependentSchemas</c>, and the schemas of draft-07's <c>dependencies</c>.</summary>
internal sealed class DependentSchemasRule(SchemaPlace place, string keyword, (string Name, SchemaNode Node)[] dependencies) : Rule(place, keyword)
{
    public IEnumerable<SchemaNode> Nodes => dependencies.Select(d => d.Node);

    public override bool Check(JsonValue instance, Evaluation run, EvaluatedSet? seen)
    {
        if (!instance.IsObject) return true;
        var valid = true;
        foreach (var (name, node) in dependencies)
        {
            if (!instance.Members.Contains(name) || run.Apply(node, instance, seen)) continue;
            valid = false;
            if (!run.Collecting) return false;
        }
        return valid;
    }
}

internal sealed class PropertyNamesRule(SchemaPlace place, SchemaNode node) : Rule(place, "propertyNames")
{
    public override bool Check(JsonValue instance, Evaluation run, EvaluatedSet? seen)
    {
        if (!instance.IsObject) return true;
        var valid = true;
        foreach (var (name, _) in instance.Members.AsSpan())
        {
            if (!run.Collecting)
            {
                if (!run.Apply(node, name, null)) return false;
                continue;
            }
            if (run.Capture(node, name, null, out var errors)) continue;
            valid = false;
            foreach (var error in errors)
                run.Fail(error.SchemaLocation, Keyword, $"the property name {Quote.Text(name)} is not allowed: {error.Message}");
        }
        return valid;
    }
}

/// <summary><c>unevaluatedProperties</c>: the members no other keyword of the schema evaluated.</summary>
internal sealed class UnevaluatedPropertiesRule(SchemaPlace place, SchemaNode owner, SchemaNode node) : Rule(place, "unevaluatedProperties")
{
    public override bool Check(JsonValue instance, Evaluation run, EvaluatedSet? seen)
    {
        if (!instance.IsObject || seen is null) return true;
        var valid = true;
        for (var i = 0; i < instance.Count; i++)
        {
            if (seen[i]) continue;
            var (name, member) = instance.Members[i];
            if (node.IsFalse)
                valid = run.Fail(Location, Keyword, run.Collecting ? MembersRule.Unknown(name, instance, BranchFit.Names(owner)) : "");
            else if (!run.ApplyMember(node, name, member))
                valid = false;
            if (!valid && !run.Collecting) return false;
        }
        seen.MarkAll();
        return valid;
    }
}
