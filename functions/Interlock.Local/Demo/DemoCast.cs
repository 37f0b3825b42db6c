using System.Security.Cryptography;
using Interlock.Core.Identity;

namespace Interlock.Local.Demo;

/// <summary>The people of the demo. Passwords are new each time and shown in the terminal only.</summary>
internal sealed record DemoCast(NewUser Ana, NewUser Dana, NewUser Sam, NewUser Dee)
{
    /// <summary>The application that delivers the alert.</summary>
    public const string AlertSource = "monitoring";

    public static DemoCast Create() => new(
        new NewUser("ana", "Ana (SRE lead)", ["approver"], ["sre-leads"], Password()),
        new NewUser("dana", "Dana (platform team)", ["author", "publisher", "operator", "auditor", "admin"], ["platform"], Password()),
        new NewUser("sam", "Sam (support)", ["operator"], ["support"], Password()),
        new NewUser("dee", "Dee (director)", ["approver"], ["directors"], Password()));

    public IEnumerable<NewUser> All => [Ana, Dana, Sam, Dee];

    private static string Password() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(6));
}
