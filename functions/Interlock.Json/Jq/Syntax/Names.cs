namespace Interlock.Json.Jq;

/// <summary>The names in scope at one place of a program, newest first; one for each of the <see cref="Bindings"/> there will be.</summary>
internal sealed record Names(Names? Outer, NameKind Kind, string Name, JqFunction? Function = null)
{
    /// <summary>How many bindings inward of the one meant there are; null when there is none.</summary>
    public static (int Distance, Names Entry)? Find(Names? names, Func<Names, bool> matches)
    {
        var distance = 0;
        for (var entry = names; entry is not null; entry = entry.Outer, distance++)
            if (matches(entry)) return (distance, entry);
        return null;
    }
}

internal enum NameKind
{
    Variable,
    Label,
    Function,
    Parameter,
}
