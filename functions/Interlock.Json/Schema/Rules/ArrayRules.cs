namespace Interlock.Json.Schema;

/// <summary><c>prefixItems</c> with <c>items</c>, or draft-07's <c>items</c> with <c>additionalItems</c>.</summary>
internal sealed class ItemsRule(SchemaPlace place, string keyword, SchemaNode[] prefix, SchemaNode? rest) : Rule(place, keyword)
{
    public override bool Check(JsonValue instance, Evaluation run, EvaluatedSet? seen)
    {
        if (!instance.IsArray) return true;
        var valid = true;
        for (var i = 0; i < instance.Count; i++)
        {
            if ((i < prefix.Length ? prefix[i] : rest) is not { } node) break;
            seen?.Mark(i);
            if (node.IsFalse && node == rest)
            {
                return run.Collecting && run.Fail(node.Place.Location, Keyword, $"expected at most {prefix.Length} items, found {instance.Count}");
            }
            if (run.ApplyItem(node, i, instance.Items[i])) continue;
            valid = false;
            if (!run.Collecting) return false;
        }
        return valid;
    }
}

internal sealed class ContainsRule(SchemaPlace place, SchemaNode node, double least, double? most, bool marks) : Rule(place, "contains")
{
    public override bool Check(JsonValue instance, Evaluation run, EvaluatedSet? seen)
    {
        if (!instance.IsArray) return true;
        var count = 0;
        for (var i = 0; i < instance.Count; i++)
        {
            if (!run.Test(node, instance.Items[i], null)) continue;
            count++;
            if (marks) seen?.Mark(i);
            if (seen is null && most is null && count >= least) return true;
        }
        if (run.Halted is not null) return false;
        if (count >= least && !(count > most)) return true;
        if (!run.Collecting) return false;
        var wanted = count < least ? $"at least {JsonText.FormatNumber(least)}" : $"at most {JsonText.FormatNumber(most ?? 0)}";
        return run.Fail(Location, Keyword, $"expected {wanted} items that match \"contains\", found {count} among {instance.Count}");
    }
}

/// <summary><c>unevaluatedItems</c>: the items no other keyword of the schema evaluated.</summary>
internal sealed class UnevaluatedItemsRule(SchemaPlace place, SchemaNode node) : Rule(place, "unevaluatedItems")
{
    public override bool Check(JsonValue instance, Evaluation run, EvaluatedSet? seen)
    {
        if (!instance.IsArray || seen is null) return true;
        var valid = true;
        for (var i = 0; i < instance.Count; i++)
        {
            if (seen[i]) continue;
            if (node.IsFalse)
                valid = run.Fail(Location, Keyword, run.Collecting ? $"no more items are allowed from index {i}, found {instance.Count}" : "");
            else if (!run.ApplyItem(node, i, instance.Items[i]))
                valid = false;
            if (!valid && (!run.Collecting || node.IsFalse)) return false;
        }
        seen.MarkAll();
        return valid;
    }
}
