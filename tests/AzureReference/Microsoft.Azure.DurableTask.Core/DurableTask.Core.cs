// Microsoft.Azure.DurableTask.Core 3.x, which Microsoft.DurableTask.Abstractions brings.
namespace DurableTask.Core.Exceptions;

/// <summary>What the client throws when an instance exists in a state that may not be overwritten.</summary>
public class OrchestrationAlreadyExistsException : InvalidOperationException
{
    public OrchestrationAlreadyExistsException()
    {
    }

    public OrchestrationAlreadyExistsException(string message)
        : base(message)
    {
    }

    public OrchestrationAlreadyExistsException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
