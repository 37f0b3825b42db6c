using System.Collections.Frozen;

namespace Interlock.Core.Identity;

/// <summary>The names of <see cref="Principal.Roles"/>.</summary>
public static class Roles
{
    /// <summary>Those that a person can have.</summary>
    public static readonly FrozenSet<string> OfPeople = FrozenSet.Create("author", "publisher", "operator", "approver", "auditor", "admin");
}
