using System.Collections.Concurrent;

namespace Interlock.Json.Jq;

/// <summary>Regular expressions that evaluations of one program have in common; the first ones stay. Safe for several threads.</summary>
internal sealed class RegexCache
{
    public const int MostKept = 64;

    private readonly ConcurrentDictionary<(string Pattern, string Flags), (JqRegex? Regex, string Error)> _found = new();

    public (JqRegex? Regex, string Error) Find(string pattern, string flags)
    {
        if (_found.TryGetValue((pattern, flags), out var known)) return known;
        var made = JqRegex.Create(pattern, flags);
        if (_found.Count < MostKept) _found.TryAdd((pattern, flags), made);
        return made;
    }
}
