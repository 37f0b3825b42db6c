namespace Interlock.Json.Jq;

/// <summary>
/// The expressions that programs used last, for all of them: making one takes longer than most matches. What is found here costs a program as many steps
/// as what is made, so that its outcome does not depend on what others did.
/// </summary>
internal static class JqRegexes
{
    private const int MostKept = 64;
    private const int LongestKept = 500;

    private static readonly Lock Guard = new();
    private static readonly Dictionary<(string Pattern, string Flags), JqRegex> Kept = [];

    /// <summary>Null after <see cref="JqMachine.Fail"/>.</summary>
    public static JqRegex? Find(JqMachine machine, string pattern, string flags)
    {
        if (pattern.Length + flags.Length > LongestKept) return JqRegex.Create(machine, pattern, flags);
        JqRegex? known;
        lock (Guard) Kept.TryGetValue((pattern, flags), out known);
        if (known is not null)
        {
            machine.CountWork(JqMachine.ExceptionWork);
            machine.CountWork(known.CreationWork);
            return known;
        }
        if (JqRegex.Create(machine, pattern, flags) is not { } made) return null;
        lock (Guard)
        {
            if (Kept.Count >= MostKept) Kept.Clear();
            Kept[(pattern, flags)] = made;
        }
        return made;
    }
}
