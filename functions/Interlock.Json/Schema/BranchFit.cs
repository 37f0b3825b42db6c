namespace Interlock.Json.Schema;

/// <summary>How well an instance fits a schema that refused it: which discriminators match, which members it declares.</summary>
internal static class BranchFit
{
    private const int Deepest = 12;

    /// <summary>Members whose single allowed value matches, less 1000 for each that differs; alternatives count as their best.</summary>
    public static int Discriminators(SchemaNode node, JsonValue instance, int depth = 0)
    {
        if (depth > Deepest || !instance.IsObject) return 0;
        var sum = 0;
        foreach (var rule in node.Rules)
        {
            sum += rule switch
            {
                MembersRule members => Constants(members, instance),
                ReferenceRule or AllOfRule => rule.InPlace.Sum(sub => Discriminators(sub, instance, depth + 1)),
                ChoiceRule choice => choice.Branches.Max(sub => Discriminators(sub, instance, depth + 1)),
                _ => 0,
            };
        }
        return sum;
    }

    /// <summary>How many members of the instance the schema names; alternatives count as their best.</summary>
    public static int DeclaredMembers(SchemaNode node, JsonValue instance, int depth = 0)
    {
        if (depth > Deepest || !instance.IsObject) return 0;
        var sum = 0;
        foreach (var rule in node.Rules)
        {
            sum += rule switch
            {
                MembersRule members => instance.Members.Count(member => members.Properties.ContainsKey(member.Key)),
                ReferenceRule or AllOfRule => rule.InPlace.Sum(sub => DeclaredMembers(sub, instance, depth + 1)),
                ChoiceRule choice => choice.Branches.Max(sub => DeclaredMembers(sub, instance, depth + 1)),
                _ => 0,
            };
        }
        return sum;
    }

    /// <summary>All property names the schema mentions for this instance location, its own first.</summary>
    public static List<string> Declared(SchemaNode node)
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

    private static int Constants(MembersRule members, JsonValue instance)
    {
        var sum = 0;
        foreach (var (name, member) in instance.Members.AsSpan())
        {
            if (!members.Properties.TryGetValue(name, out var node)) continue;
            foreach (var rule in node.Rules)
            {
                var (single, matches) = rule switch
                {
                    ConstRule constant => (true, constant.Expected.Equals(member)),
                    EnumRule { Values.Count: 1 } list => (true, list.Values[0].Equals(member)),
                    EnumRule list => (!list.Values.Contains(member), false),
                    _ => (false, false),
                };
                if (single) sum += matches ? 1 : -1000;
            }
        }
        return sum;
    }
}
