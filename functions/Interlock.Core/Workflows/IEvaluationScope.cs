using Interlock.Json.Jq;

namespace Interlock.Core.Workflows;

/// <summary>Supplies what an expression reads: only the variables it names are built.</summary>
public interface IEvaluationScope
{
    JqScope For(JqReferences references);
}
