# A spot-interruption drill with nothing but the AWS CLI. Start `spotdrill lab serve --speed 60`, paste its exports, and
# then these commands, in a folder with `stack.yaml`. `aws_cli.py` runs them as they are, and reads these marks:
#   #= text     the next command prints this
#   #~ text     the same, some time later: it is asked again until then
#   #! Code     the next command is refused with this code

# Who and where we are
#= assumed-role/lab-operator
aws sts get-caller-identity
ACCOUNT=$(aws sts get-caller-identity --query Account --output text)
#= eu-west-1
aws ec2 describe-regions --region-names "$AWS_REGION"
#= eu-west-1b
aws ec2 describe-availability-zones --query 'AvailabilityZones[].ZoneName'
#= SpotPrice
aws ec2 describe-spot-price-history --instance-types m6i.large --product-descriptions Linux/UNIX --max-items 3
#= L-F5FCA485
aws service-quotas get-service-quota --service-code fis --quota-code L-F5FCA485
#= aws:ec2:send-spot-instance-interruptions
aws fis list-actions --query 'actions[].id'

# A spot instance of our own
AMI=$(aws ssm get-parameter --name /aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64 --query Parameter.Value --output text)
INSTANCE=$(aws ec2 run-instances --image-id "$AMI" --instance-type m6i.large --instance-market-options MarketType=spot --tag-specifications 'ResourceType=instance,Tags=[{Key=Name,Value=drilled}]' --query 'Instances[0].InstanceId' --output text)
#~ running
aws ec2 describe-instances --instance-ids "$INSTANCE" --query 'Reservations[].Instances[].[State.Name,InstanceLifecycle]'
#= fulfilled
aws ec2 describe-spot-instance-requests --filters "Name=instance-id,Values=$INSTANCE"
aws ec2 create-tags --resources "$INSTANCE" --tags Key=drill,Value=cli Key=passing,Value=by
aws ec2 delete-tags --resources "$INSTANCE" --tags Key=passing
#= cli
aws ec2 describe-tags --filters "Name=resource-id,Values=$INSTANCE"
#= InstanceStatuses
aws ec2 describe-instance-status --instance-ids "$INSTANCE"
#! DryRunOperation
aws ec2 terminate-instances --instance-ids "$INSTANCE" --dry-run

# EC2's events go to a log group
aws logs create-log-group --log-group-name /drill/events
aws logs put-resource-policy --policy-name events --policy-document '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":["events.amazonaws.com","delivery.logs.amazonaws.com"]},"Action":["logs:CreateLogStream","logs:PutLogEvents"],"Resource":"*"}]}'
#= rule/drill
aws events put-rule --name drill --event-pattern '{"source":["aws.ec2"]}'
GROUP=arn:aws:logs:$AWS_REGION:$ACCOUNT:log-group:/drill/events
#= "FailedEntryCount": 0
aws events put-targets --rule drill --targets "Id=log,Arn=$GROUP"
#= drill
aws events list-rules --name-prefix dri
#= /drill/events
aws events list-targets-by-rule --rule drill
#= /drill/events
aws logs describe-log-groups --log-group-name-prefix /drill/

# A role for FIS
ROLE=$(aws iam create-role --role-name fis-drill --assume-role-policy-document '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"fis.amazonaws.com"},"Action":"sts:AssumeRole"}]}' --query Role.Arn --output text)
aws iam put-role-policy --role-name fis-drill --policy-name interrupt --policy-document '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["ec2:DescribeInstances","ec2:SendSpotInstanceInterruptions"],"Resource":"*"}]}'
#= interrupt
aws iam list-role-policies --role-name fis-drill
#= fis.amazonaws.com
aws iam get-role --role-name fis-drill
#= allowed
aws iam simulate-principal-policy --policy-source-arn "$ROLE" --action-names ec2:SendSpotInstanceInterruptions
#= implicitDeny
aws iam simulate-principal-policy --policy-source-arn "$ROLE" --action-names ec2:TerminateInstances

# The experiment, watched
TEMPLATE=$(aws fis create-experiment-template --description drill --role-arn "$ROLE" --stop-conditions source=none --targets "{\"spot\":{\"resourceType\":\"aws:ec2:spot-instance\",\"resourceArns\":[\"arn:aws:ec2:$AWS_REGION:$ACCOUNT:instance/$INSTANCE\"],\"selectionMode\":\"ALL\"}}" --actions '{"interrupt":{"actionId":"aws:ec2:send-spot-instance-interruptions","parameters":{"durationBeforeInterruption":"PT2M"},"targets":{"SpotInstances":"spot"}}}' --tags drill=cli --query experimentTemplate.id --output text)
timeout 120 aws logs start-live-tail --log-group-identifiers "$GROUP" > tail.txt 2>&1 &
sleep 2 # until it listens
EXPERIMENT=$(aws fis start-experiment --experiment-template-id "$TEMPLATE" --query experiment.id --output text)
#~ EC2 Spot Instance Interruption Warning
cat tail.txt
#~ completed
aws fis get-experiment --id "$EXPERIMENT" --query 'experiment.[state,actions.interrupt.state]'
#~ terminated
aws ec2 describe-instances --instance-ids "$INSTANCE" --query 'Reservations[].Instances[].[State.Name,StateReason.Code]'
#= instance-terminated-by-experiment
aws ec2 describe-spot-instance-requests --filters "Name=instance-id,Values=$INSTANCE" --query 'SpotInstanceRequests[].Status.Code'
#= instance/i-
aws fis list-experiment-resolved-targets --experiment-id "$EXPERIMENT"
#= EC2 Instance Rebalance Recommendation
aws logs filter-log-events --log-group-name /drill/events --filter-pattern "\"$INSTANCE\"" --query 'events[].message'
#= EC2 Spot Instance Interruption Warning
aws logs filter-log-events --log-group-name /drill/events --filter-pattern "\"$INSTANCE\"" --query 'events[].message'
#~ \"state\":\"terminated\"
aws logs filter-log-events --log-group-name /drill/events --filter-pattern "\"$INSTANCE\"" --query 'events[].message'
#= events
aws logs describe-log-streams --log-group-name /drill/events --query 'logStreams[].arn'

# An experiment that an alarm stops
ALARM=arn:aws:cloudwatch:$AWS_REGION:$ACCOUNT:alarm:too-many-errors
aws cloudwatch put-metric-alarm --alarm-name too-many-errors --namespace Shop --metric-name Errors --statistic Sum --period 60 --evaluation-periods 1 --threshold 5 --comparison-operator GreaterThanThreshold
aws cloudwatch set-alarm-state --alarm-name too-many-errors --state-value OK --state-reason "all is well"
#= "StateValue": "OK"
aws cloudwatch describe-alarms --alarm-names too-many-errors
GUARDED=$(aws fis create-experiment-template --description guarded --role-arn "$ROLE" --stop-conditions "source=aws:cloudwatch:alarm,value=$ALARM" --actions '{"wait":{"actionId":"aws:fis:wait","parameters":{"duration":"PT1H"}}}' --query experimentTemplate.id --output text)
STOPPED=$(aws fis start-experiment --experiment-template-id "$GUARDED" --query experiment.id --output text)
#~ running
aws fis get-experiment --id "$STOPPED" --query experiment.state
aws cloudwatch set-alarm-state --alarm-name too-many-errors --state-value ALARM --state-reason "too many errors"
#~ stopped
aws fis get-experiment --id "$STOPPED" --query experiment.state
aws cloudwatch delete-alarms --alarm-names too-many-errors

# The safety lever: nothing starts while it is engaged
#= disengaged
aws fis get-safety-lever --id default --query safetyLever.state.status
#= engaging
aws fis update-safety-lever-state --id default --state "status=engaged,reason=a release is under way"
#~ "engaged"
aws fis get-safety-lever --id default --query safetyLever.state.status
CANCELLED=$(aws fis start-experiment --experiment-template-id "$GUARDED" --query experiment.id --output text)
#= cancelled
aws fis get-experiment --id "$CANCELLED" --query experiment.state.status
aws fis update-safety-lever-state --id default --state "status=disengaged,reason=it is over"
#= disengaged
aws fis get-safety-lever --id default --query safetyLever.state.status

# What the function says, and a secret for it
#= send-slack-spot-event
aws lambda get-function --function-name send-slack-spot-event --query Configuration.FunctionName
#= "StatusCode": 200
aws lambda invoke --function-name send-slack-spot-event --payload '{"source":"aws.ec2","detail-type":"EC2 Spot Instance Interruption Warning","detail":{"instance-id":"i-0123456789abcdef0","instance-action":"terminate"}}' answer.json
#= i-0123456789abcdef0
aws logs filter-log-events --log-group-name /aws/lambda/send-slack-spot-event --query 'events[].message'
printf %s http://127.0.0.1:9/hook > hook.txt # the CLI's first version would fetch what looks like a URL
#= drill/webhook
aws secretsmanager create-secret --name drill/webhook --secret-string file://hook.txt
#= 127.0.0.1:9/hook
aws secretsmanager get-secret-value --secret-id drill/webhook
aws secretsmanager delete-secret --secret-id drill/webhook --force-delete-without-recovery
#! ResourceNotFoundException
aws secretsmanager get-secret-value --secret-id drill/webhook

# A stack, as a change set that is executed and waited for
timeout 100 aws cloudformation deploy --stack-name drill --template-file stack.yaml --capabilities CAPABILITY_NAMED_IAM --parameter-overrides Name=stacked > deploy.txt 2>&1 &

# The groups that the lab came with, a launch template and a fleet
#= DesiredCapacity
aws autoscaling describe-auto-scaling-groups
#= shop
aws eks list-clusters
#= web-spot
aws eks list-nodegroups --cluster-name shop
#= SPOT
aws eks describe-nodegroup --cluster-name shop --nodegroup-name web-spot
LAUNCH=$(aws ec2 create-launch-template --launch-template-name drill --launch-template-data "{\"ImageId\":\"$AMI\",\"InstanceType\":\"m6i.large\"}" --query LaunchTemplate.LaunchTemplateId --output text)
FLEET=$(aws ec2 create-fleet --type instant --target-capacity-specification TotalTargetCapacity=2,DefaultTargetCapacityType=spot --launch-template-configs "LaunchTemplateSpecification={LaunchTemplateId=$LAUNCH,Version=\$Latest}" --query FleetId --output text)
#~ running
aws ec2 describe-instances --filters "Name=tag:aws:ec2:fleet-id,Values=$FLEET" --query 'Reservations[].Instances[].State.Name'
#= deleted
aws ec2 delete-fleets --fleet-ids "$FLEET" --terminate-instances
aws ec2 delete-launch-template --launch-template-id "$LAUNCH"

# The stack is there
#~ Successfully created/updated stack
cat deploy.txt
#= CREATE_COMPLETE
aws cloudformation describe-stacks --stack-name drill
#= is up to date
aws cloudformation deploy --stack-name drill --template-file stack.yaml --capabilities CAPABILITY_NAMED_IAM --parameter-overrides Name=stacked --no-fail-on-empty-changeset
#= AWS::IAM::Role
aws cloudformation describe-stack-events --stack-name drill
#= stacked-events
aws events list-rules --name-prefix stacked
aws cloudformation delete-stack --stack-name drill
#~ does not exist
aws cloudformation describe-stacks --stack-name drill 2>&1 || true

# What is left is taken away; what is not played is refused
aws fis delete-experiment-template --id "$TEMPLATE"
aws fis delete-experiment-template --id "$GUARDED"
aws events remove-targets --rule drill --ids log
aws events delete-rule --name drill
aws logs delete-log-group --log-group-name /drill/events
aws iam delete-role-policy --role-name fis-drill --policy-name interrupt
aws iam delete-role --role-name fis-drill
#! NoSuchEntity
aws iam get-role --role-name fis-drill
#! InvalidAction
aws ec2 describe-volumes
