using Interlock.Core.Approvals;

namespace Interlock.Core.Gateway;

/// <summary>What asking for an approval of a client's own call came to.</summary>
public abstract record AdHocResult
{
    private AdHocResult()
    {
    }

    /// <summary>No approval is what the call needs: the gateway makes it, or refuses it.</summary>
    public sealed record NotAsked : AdHocResult;

    /// <summary>This is the call to make: it names its grant, and has the effect that the grant is for.</summary>
    public sealed record Approved(GatewayCall Call) : AdHocResult;

    /// <summary>People are asked and have not decided.</summary>
    public sealed record Waiting(Gate Gate) : AdHocResult;

    /// <summary>The gate closed without an approval.</summary>
    public sealed record Declined(Gate Gate) : AdHocResult;

    /// <summary>Nobody is asked.</summary>
    public sealed record Refused(Refusal Refusal) : AdHocResult;
}
