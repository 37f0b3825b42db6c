using System.Security.Cryptography;
using Interlock.Core.Identity;

namespace Interlock.Local.Demo;

/// <summary>The people of the demo. Passwords are new each time and shown in the terminal only.</summary>
internal sealed record DemoCast(NewUser Ana, NewUser Dana, NewUser Dirk, NewUser Sam)
{
    /// <summary>The application that delivers the alert.</summary>
    public const string AlertSource = "monitoring";

    public static DemoCast Create() => new(
        new NewUser("ana", "Ana (SRE lead)", ["approver"], ["sre-leads"], Password()),
        new NewUser("dana", "Dana (platform team)", ["author", "publisher", "operator", "auditor", "admin"], ["platform"], Password()),
        new NewUser("dirk", "Dirk (director)", ["approver"], ["directors"], Password()),
        new NewUser("sam", "Sam (support)", ["operator"], ["support"], Password()));

    public IEnumerable<NewUser> All => [Ana, Dana, Dirk, Sam];

    private static string Password() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(6));
}
