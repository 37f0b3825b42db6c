using Interlock.Core.Registry;

namespace Interlock.Core.Gateway.Fences;

/// <summary>A call that passed the fence and has not ended, with what a lifecycle change needs to know of it.</summary>
internal sealed record CallUnderWay(EffectId Effect, TargetKind Kind, string Target, string? Via)
{
    public static CallUnderWay Of(GatewayCall call) => new(call.Effect, call.Kind, call.Target, call.Via);

    /// <summary>Whether it is of that tool, agent or route, or of any tool of that server.</summary>
    public bool Concerns(RegistryKind kind, string name) => kind switch
    {
        RegistryKind.Tool => Kind == TargetKind.Tool && Target == name,
        RegistryKind.Server => Kind == TargetKind.Tool && Target.StartsWith(name + "/", StringComparison.Ordinal),
        RegistryKind.Agent => Kind == TargetKind.Agent && Target == name,
        RegistryKind.Route => Via is { } via && VirtualTarget.TryParse(via)?.Name == name,
        _ => false, // workflows and policies are not called
    };
}
