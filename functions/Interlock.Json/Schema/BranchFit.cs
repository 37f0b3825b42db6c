namespace Interlock.Json.Schema;

/// <summary>
/// How well an instance fits a schema that refused it, judged without validating: greater is better, compared in the order
/// of the parts. Kind: 2 for the right kind of value, 1 for the right kind but not an allowed value, 0 for another kind.
/// Discriminators: members whose single allowed value matches, less 1000 for each that differs. Missing: minus the number of
/// required members that are absent. Declared: members of the instance the schema names.
/// </summary>
internal readonly record struct BranchFit(int Kind, int Discriminators, int Missing, int Declared) : IComparable<BranchFit>
{
    private const int Deepest = 12;
    private const int MostNodes = 2_000;

    public static BranchFit Of(SchemaNode node, JsonValue instance)
    {
        var budget = MostNodes;
        return Of(node, instance, 0, ref budget);
    }

    public int CompareTo(BranchFit other) =>
        (Kind, Discriminators, Missing, Declared).CompareTo((other.Kind, other.Discriminators, other.Missing, other.Declared));

    /// <summary>All property names the schema mentions for this instance location, its own first.</summary>
    public static List<string> Names(SchemaNode node)
    {
        var names = new List<string>();
        Collect(node, names, []);
        return [.. names.Distinct(StringComparer.Ordinal)];
    }

    private static void Collect(SchemaNode node, List<string> names, HashSet<SchemaNode> visited)
    {
        if (!visited.Add(node) || visited.Count > 256) return;
        foreach (var rule in node.Rules)
        {
            if (rule is MembersRule members) names.AddRange(members.Properties.Where(p => !p.Value.IsFalse).Select(p => p.Key));
            if (rule is NotRule) continue;
            IEnumerable<SchemaNode?> more = rule switch
            {
                ConditionRule condition => condition.InPlace.Append(condition.Then).Append(condition.Else),
                DependentSchemasRule dependent => dependent.Nodes,
                DynamicReferenceRule dynamic => [dynamic.First],
                _ => rule.InPlace,
            };
            foreach (var next in more)
                if (next is not null) Collect(next, names, visited);
        }
    }

    private static BranchFit Of(SchemaNode node, JsonValue instance, int depth, ref int budget)
    {
        var fit = new BranchFit(node.IsFalse ? 0 : 2, 0, 0, 0);
        if (depth > Deepest || --budget < 0) return fit;
        foreach (var rule in node.Rules)
        {
            switch (rule)
            {
                case TypeRule type when (type.Types & TypeRule.Of(instance)) == 0:
                    fit = fit with { Kind = 0 };
                    break;
                case ConstRule constant when !constant.Expected.Equals(instance):
                    fit = fit with { Kind = Math.Min(fit.Kind, constant.Expected.Kind == instance.Kind ? 1 : 0) };
                    break;
                case EnumRule list when !list.Values.Contains(instance):
                    fit = fit with { Kind = Math.Min(fit.Kind, list.Values.Any(value => value.Kind == instance.Kind) ? 1 : 0) };
                    break;
                case RequiredRule required when instance.IsObject:
                    fit = fit with { Missing = fit.Missing - required.Names.Count(name => !instance.Members.Contains(name)) };
                    break;
                case MembersRule members when instance.IsObject:
                    fit = fit.And(Members(members, instance));
                    break;
                case ReferenceRule or AllOfRule:
                    foreach (var sub in rule.InPlace) fit = fit.And(Of(sub, instance, depth + 1, ref budget));
                    break;
                case ChoiceRule choice:
                    var best = Of(choice.Branches[0], instance, depth + 1, ref budget);
                    for (var i = 1; i < choice.Branches.Length; i++)
                        if (Of(choice.Branches[i], instance, depth + 1, ref budget) is var other && other.CompareTo(best) > 0) best = other;
                    fit = fit.And(best);
                    break;
            }
        }
        return fit;
    }

    private BranchFit And(BranchFit other) =>
        new(Math.Min(Kind, other.Kind), Discriminators + other.Discriminators, Missing + other.Missing, Declared + other.Declared);

    private static BranchFit Members(MembersRule members, JsonValue instance)
    {
        var (discriminators, declared) = (0, 0);
        foreach (var (name, member) in instance.Members.AsSpan())
        {
            if (!members.Properties.TryGetValue(name, out var node)) continue;
            declared++;
            foreach (var rule in node.Rules)
            {
                discriminators += rule switch
                {
                    ConstRule constant => constant.Expected.Equals(member) ? 1 : -1000,
                    EnumRule list => !list.Values.Contains(member) ? -1000 : list.Values.Count == 1 ? 1 : 0,
                    _ => 0,
                };
            }
        }
        return new(2, discriminators, 0, declared);
    }
}
