namespace Interlock.Json.Schema;

/// <summary>
/// Which alternative the author of an invalid instance meant. In order: the right kind of value; matching discriminators
/// (<c>const</c> members); fewest required members missing; most members declared; errors deepest inside the instance; fewest errors.
/// Alternatives that fit equally badly are reported together.
/// </summary>
internal static class BranchChoice
{
    public static void Report(ChoiceRule rule, JsonValue instance, Evaluation run, EvaluatedSet? seen)
    {
        var here = run.InstanceLocation();
        var fits = Array.ConvertAll(rule.Branches, node => BranchFit.Of(node, instance));
        var closest = fits.Max();
        var best = new List<Branch>();
        for (var i = 0; i < fits.Length; i++)
        {
            if (fits[i] != closest) continue; // only the likely ones are explained: nested choices would multiply
            var own = run.Apart(seen, instance);
            run.Capture(rule.Branches[i], instance, own, out var errors);
            if (run.Halted is not null) return;
            if (errors.Count > 0) best.Add(new(rule.Branches[i], errors, own, Depth(errors, here)));
        }
        if (best.Count == 0)
        {
            run.Fail(rule.Location, rule.Keyword, $"no alternative allows {Quote.Found(instance)}");
            return;
        }
        var deepest = best.Max(branch => (branch.Depth, -branch.Errors.Count));
        best.RemoveAll(branch => (branch.Depth, -branch.Errors.Count) != deepest);
        if (best[0].Seen is { } marks) seen?.Add(marks);
        if (best.Count == 1 || !Together(rule, best, instance, here, run)) run.Adopt(best[0].Errors);
    }

    /// <summary>One error for alternatives that all ask for another kind, another value or another member; false when they do not.</summary>
    private static bool Together(ChoiceRule rule, List<Branch> best, JsonValue instance, string here, Evaluation run)
    {
        var firsts = best.Select(branch => branch.Errors[0]).ToList();
        if (firsts.TrueForAll(error => error.InstanceLocation == here && error.Keyword == "type"))
        {
            var types = best.SelectMany(branch => Rules<TypeRule>(branch.Node)).Aggregate(SchemaTypes.None, (all, type) => all | type.Types);
            if (types == SchemaTypes.None) return false;
            run.Fail(rule.Location, rule.Keyword, $"expected {TypeRule.Describe(types)}, found {Quote.Found(instance)}");
            return true;
        }
        if (firsts.TrueForAll(error => error.Keyword is "const" or "enum" && error.InstanceLocation == firsts[0].InstanceLocation))
        {
            var relative = firsts[0].InstanceLocation[here.Length..];
            var found = JsonPointer.Resolve(instance, relative);
            var values = best.SelectMany(branch => Expected(branch.Node, relative, 0)).ToList();
            if (found is null || values.Count == 0) return false;
            run.Adopt([firsts[0] with { SchemaLocation = rule.Location, Message = EnumRule.Explain(values, found) }]);
            return true;
        }
        if (instance.IsObject && firsts.TrueForAll(error => error.InstanceLocation == here && error.Keyword == "required"))
        {
            var missing = best.SelectMany(branch => Rules<RequiredRule>(branch.Node)).SelectMany(required => required.Names)
                .Where(name => !instance.Members.Contains(name)).Distinct(StringComparer.Ordinal).ToList();
            if (missing.Count < 2) return false;
            var near = instance.Members.Names.Select(name => Quote.DidYouMean(name, missing)).FirstOrDefault(hint => hint.Length > 0) ?? "";
            run.Fail(rule.Location, rule.Keyword, $"expected one of the properties {Quote.Names(missing)}, found {RequiredRule.Present(instance)}{near}");
            return true;
        }
        return false;
    }

    private static int Depth(List<SchemaError> errors, string here) => errors.Min(error => error.InstanceLocation.AsSpan(here.Length).Count('/'));

    /// <summary>The rules of that kind for the same instance location, through references, <c>allOf</c> and choices.</summary>
    private static List<T> Rules<T>(SchemaNode start) where T : Rule
    {
        var (found, visited, open) = (new List<T>(), new HashSet<SchemaNode>(), new Queue<SchemaNode>([start]));
        while (open.TryDequeue(out var node))
        {
            if (!visited.Add(node)) continue;
            foreach (var rule in node.Rules)
            {
                if (rule is T wanted) found.Add(wanted);
                if (rule is not (ReferenceRule or AllOfRule or ChoiceRule)) continue;
                foreach (var next in rule.InPlace) open.Enqueue(next);
            }
        }
        return found;
    }

    private static IEnumerable<JsonValue> Expected(SchemaNode node, string pointer, int depth)
    {
        if (depth > 8) return [];
        var tokens = JsonPointer.Parse(pointer);
        if (tokens.Count == 0)
            return Rules<ConstRule>(node).Select(rule => rule.Expected).Concat(Rules<EnumRule>(node).SelectMany(rule => rule.Values));
        return Rules<MembersRule>(node)
            .Select(rule => rule.Properties.GetValueOrDefault(tokens[0])).OfType<SchemaNode>()
            .SelectMany(sub => Expected(sub, JsonPointer.Format(tokens.Skip(1)), depth + 1));
    }

    private sealed record Branch(SchemaNode Node, List<SchemaError> Errors, EvaluatedSet? Seen, int Depth);
}
